import { sidesOf, type InputSpec } from '../model/input.js'

export interface Size {
  readonly width: number
  readonly height: number
}

export interface Box extends Size {
  left: number
  top: number
}

/** What to do with an image, in the order of the fields; an absent field is a step to leave out. */
export interface Plan {
  /** Cut out of the image as it is stored, before its orientation is applied. */
  window?: Box
  /** Size to resize to, upright. */
  resize?: Size
  /** Cut out of the resized image, upright. */
  crop?: Box
}

/**
 * Longest image that is resized whole: longer side over shorter side. Beyond it only a window around the centre is.
 * An image of 1 x 1,000,000 pixels would otherwise grow to 300 x 300,000,000 on its way to the central crop.
 */
const MAX_ASPECT_RATIO = 8
/** Pixels added to the window, so that no kernel reaches beyond it even if the shorter side is one pixel. */
const WINDOW_MARGIN = 16

function centralBox (outer: Size, inner: Size): Box {
  return {
    left: Math.floor((outer.width - inner.width) / 2),
    top: Math.floor((outer.height - inner.height) / 2),
    ...inner
  }
}

/** Shortens the longer side by the same whole number of pixels at both ends, so that the centre stays where it is. */
function centralWindow ({ width, height }: Size): Size {
  const longest = Math.min(width, height) * MAX_ASPECT_RATIO + WINDOW_MARGIN
  const shorten = (side: number): number => side - 2 * Math.max(0, Math.floor((side - longest) / 2))
  return { width: shorten(width), height: shorten(height) }
}

/** How long a side of a picture becomes, so that the input and what is cut off of it are covered: the one that decides. */
function coverage ({ width, height }: Size, input: InputSpec): { readonly pixels: number, readonly side: number } {
  const whole = (side: number): number => Math.max(side, Math.round(side / input.cropFraction))
  const sides = sidesOf(input)
  const [down, across] = [whole(sides.height), whole(sides.width)]
  return height * across <= width * down ? { pixels: down, side: height } : { pixels: across, side: width }
}

function planCrop (stored: Size, quarterTurned: boolean, input: InputSpec): Plan {
  const windowed = centralWindow(stored)
  const upright = quarterTurned ? { width: windowed.height, height: windowed.width } : windowed
  const { pixels, side } = coverage(upright, input)
  const scale = pixels / side
  const resize = { width: Math.round(upright.width * scale), height: Math.round(upright.height * scale) }
  const plan: Plan = { resize, crop: centralBox(resize, sidesOf(input)) }
  if (windowed.width !== stored.width || windowed.height !== stored.height) plan.window = centralBox(stored, windowed)
  return plan
}

/** The part in the middle that Keras cuts out of a picture before it resizes it, with `crop_to_aspect_ratio`. */
function largestOfRatio ({ width, height }: Size, sides: Size): Box {
  const within = (side: number, wanted: number): number => Math.max(1, Math.min(side, Math.floor(wanted)))
  return centralBox({ width, height }, {
    width: within(width, height * sides.width / sides.height), height: within(height, width * sides.height / sides.width)
  })
}

/**
 * The way from an image to the network's input.
 *
 * @param stored Size in pixels as stored in the file.
 * @param quarterTurned Whether the orientation swaps width and height.
 */
export function planGeometry (stored: Size, quarterTurned: boolean, input: InputSpec): Plan {
  const sides = sidesOf(input)
  if (isOf(stored, sides)) return {}
  if (input.fit === 'fill') return { resize: sides }
  if (input.rescaling !== undefined && input.cropFraction === 1) return { window: largestOfRatio(stored, sides), resize: sides }
  return planCrop(stored, quarterTurned, input)
}

/** The part of an upright picture of any size that the network sees. */
export function seenBox ({ width, height }: Size, stored: Size, input: InputSpec): Box {
  const sides = sidesOf(input)
  if (input.fit === 'fill' || isOf(stored, sides)) return { left: 0, top: 0, width, height }
  const { pixels, side } = coverage({ width, height }, input)
  const seen = (length: number): number => Math.max(1, Math.round(side * length / pixels))
  return centralBox({ width, height }, { width: seen(sides.width), height: seen(sides.height) })
}

function isOf (one: Size, other: Size): boolean {
  return one.width === other.width && one.height === other.height
}
