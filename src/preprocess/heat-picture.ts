import type { InputSpec } from '../model/input.js'
import type { Crop } from './crop.js'
import { seenBox, type Box } from './geometry.js'
import { heatOverlay, levelsOf } from './heat.js'
import { sharp } from './libvips.js'
import { asUprightRgb, decoding, drawing, openImage, partOf, type Inspected } from './pixels.js'

/** Longer side of the picture at most, in pixels. */
const LONGEST_SIDE = 640

/** Numbers over the part of an image that the network sees, row by row from the top left. */
export interface HeatMap {
  readonly height: number
  readonly width: number
  readonly values: readonly number[]
}

/**
 * The image, or what a crop leaves of it, with the numbers over it as colours, as a PNG: upright, at most 640 pixels on its longer
 * side, never enlarged. What is not positive stays clear, the greatest number has the lightest colour, and what the network does not
 * see is dimmed. The upload must not change until the promise is settled.
 *
 * @throws ServiceError `undecodable_image`, `decode_timeout` or `crop_outside_image`, or a DecodeFailure.
 */
export async function drawHeat (
  image: Inspected, heat: HeatMap, { input, timeoutMs, crop }: { input: InputSpec, timeoutMs: number, crop?: Crop | undefined }
): Promise<Uint8Array<ArrayBuffer>> {
  const { format, header } = image
  const size = { width: LONGEST_SIDE, height: LONGEST_SIDE, fit: 'inside', withoutEnlargement: true } as const
  const part = crop && partOf(image, crop)
  const opened = await openImage(image, timeoutMs)
  const pipeline = asUprightRgb((part === undefined ? opened : opened.extract(part)).resize(size))
  const { data, info } = await decoding(format, pipeline.toBuffer({ resolveWithObject: true }))
  const { width, height } = info
  const box = seenBox({ width, height }, part ?? header, input)
  const overlay = heatOverlay(await drawing(format, enlarge(heat, box)), box, info)
  const picture = sharp(data, { raw: { width, height, channels: 3 } })
  const overlaid = picture.composite([{ input: overlay, raw: { width, height, channels: 4 } }]).removeAlpha()
  return new Uint8Array(await drawing(format, overlaid.png().toBuffer()))
}

/** Levels of every pixel of the box, between those of the map by bicubic interpolation. */
async function enlarge ({ height, width, values }: HeatMap, box: Box): Promise<Uint8Array> {
  const map = sharp(levelsOf(values), { raw: { width, height, channels: 1 } })
  return await map.resize({ width: box.width, height: box.height, fit: 'fill', kernel: 'cubic' }).toColourspace('b-w').raw().toBuffer()
}
