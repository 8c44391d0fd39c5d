import type { ClassMap } from '../src/contract/images.js'
import type { Input } from '../src/contract/models.js'

/** A part of a picture, in shares of its width and height. */
export interface Region {
  readonly left: number
  readonly top: number
  readonly width: number
  readonly height: number
}

/** Pixels of the canvas that a map is drawn on, a side. */
export const CANVAS_SIDE = 192

type Colour = readonly [red: number, green: number, blue: number]
/** What neither speaks for a label nor against it is dimmed, and the picture shows best where most does. */
const NEUTRAL: Colour = [0, 0, 0]
const NEUTRAL_OPACITY = 0.65
const FOR: Colour = [255, 190, 0]
const AGAINST: Colour = [60, 130, 255]
const STRONGEST_OPACITY = 0.45

/** The part of an upright picture that becomes the network's input. */
export function regionSeen ({ width, height }: { readonly width: number, readonly height: number }, input: Input): Region {
  const isInputAlready = width === input.size.value && height === input.size.value
  if (input.fit.value === 'fill' || isInputAlready) return { left: 0, top: 0, width: 1, height: 1 }
  const side = Math.min(width, height) * input.cropFraction
  return { left: (1 - side / width) / 2, top: (1 - side / height) / 2, width: side / width, height: side / height }
}

/** Draws a map on a square canvas: smooth, the strongest value at full colour. */
export function drawMap (canvas: HTMLCanvasElement, map: ClassMap): void {
  canvas.width = canvas.height = CANVAS_SIDE
  const image = new ImageData(CANVAS_SIDE, CANVAS_SIDE)
  const strongest = Math.max(...map.values.map(Math.abs)) || 1
  for (let pixel = 0; pixel < CANVAS_SIDE ** 2; pixel++) {
    const [x, y] = [pixel % CANVAS_SIDE, Math.floor(pixel / CANVAS_SIDE)]
    const value = valueAt(map, (x + 0.5) / CANVAS_SIDE, (y + 0.5) / CANVAS_SIDE) / strongest
    const opacity = NEUTRAL_OPACITY + (STRONGEST_OPACITY - NEUTRAL_OPACITY) * Math.abs(value)
    image.data.set([...mixed(NEUTRAL, value < 0 ? AGAINST : FOR, Math.abs(value)), 255 * opacity], pixel * 4)
  }
  canvas.getContext('2d')?.putImageData(image, 0, 0)
}

/** The value at shares of width and height, bilinear between the centres of the map's cells. */
export function valueAt ({ width, height, values }: ClassMap, x: number, y: number): number {
  const column = between(x * width - 0.5, width)
  const row = between(y * height - 0.5, height)
  const across = (line: number): number => {
    const [left, right] = [values[line * width + column.before] ?? 0, values[line * width + column.after] ?? 0]
    return left + (right - left) * column.share
  }
  const [above, below] = [across(row.before), across(row.after)]
  return above + (below - above) * row.share
}

/** The two of `count` centres that a position lies between, and how far it is on its way to the second. */
function between (position: number, count: number): { readonly before: number, readonly after: number, readonly share: number } {
  const inside = Math.max(0, Math.min(count - 1, position))
  const before = Math.floor(inside)
  return { before, after: Math.min(count - 1, before + 1), share: inside - before }
}

function mixed (from: Colour, to: Colour, share: number): Colour {
  const channel = (index: 0 | 1 | 2): number => from[index] + (to[index] - from[index]) * share
  return [channel(0), channel(1), channel(2)]
}

/** Where the map's largest value is, such as `at the top left`. */
export function placeInWords ({ width, height, values }: ClassMap): string {
  const index = values.indexOf(Math.max(...values))
  const third = (position: number, count: number): number => Math.floor((position + 0.5) / count * 3)
  const column = ['left', '', 'right'][third(index % width, width)] ?? ''
  const row = ['top', '', 'bottom'][third(Math.floor(index / width), height)] ?? ''
  return row === '' && column === '' ? 'in the middle' : `at the ${[row, column].filter((word) => word !== '').join(' ')}`
}
