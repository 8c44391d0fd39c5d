import type { Box, Size } from './geometry.js'

/** Colours of matplotlib's inferno from its purple on: of even steps to the eye, and told apart by the colour-blind. */
const COLOURS = [
  [0x78, 0x1c, 0x6d], [0xa5, 0x2c, 0x60], [0xcf, 0x44, 0x46], [0xed, 0x69, 0x25], [0xfb, 0x9b, 0x06], [0xfc, 0xff, 0xa4]
] as const
/** Opacity, of 255, where the heat is greatest: the picture stays to be seen. */
const GREATEST_OPACITY = 190
/** Opacity, of 255, of the black over what the network does not see. */
const DIMMED_OPACITY = 140
const LEVELS = 256

const RGBA = 4

/** For each level from none to the greatest, red, green, blue and opacity as they stand in memory. */
const PALETTE = palette()
const [DIMMED = 0] = new Uint32Array(Uint8Array.of(0, 0, 0, DIMMED_OPACITY).buffer)

/** Levels of numbers, from 0 for all that is not positive to 255 for the greatest. */
export function levelsOf (values: readonly number[]): Uint8Array {
  const greatest = Math.max(...values)
  return Uint8Array.from(values, (value) => value > 0 ? Math.round(value / greatest * (LEVELS - 1)) : 0)
}

/** RGBA of a picture's size: the colours of `levels`, which fill the box row by row, and all around it dimmed. */
export function heatOverlay (levels: Uint8Array, box: Box, picture: Size): Buffer {
  const overlay = new Uint32Array(picture.width * picture.height).fill(DIMMED)
  for (let row = 0; row < box.height; row++) {
    const start = (box.top + row) * picture.width + box.left
    const own = levels.subarray(row * box.width, (row + 1) * box.width)
    for (let column = 0; column < own.length; column++) overlay[start + column] = PALETTE[own[column] ?? 0] ?? 0
  }
  return Buffer.from(overlay.buffer)
}

function palette (): Uint32Array {
  const bytes = new Uint8Array(LEVELS * RGBA)
  for (let level = 0; level < LEVELS; level++) {
    const heat = level / (LEVELS - 1)
    const position = heat * (COLOURS.length - 1)
    const below = Math.min(Math.floor(position), COLOURS.length - 2)
    const [from, to] = [COLOURS[below] ?? COLOURS[0], COLOURS[below + 1] ?? COLOURS[0]]
    const colour = from.map((value, channel) => value + ((to[channel] ?? 0) - value) * (position - below))
    bytes.set([...colour, GREATEST_OPACITY * heat].map(Math.round), level * RGBA)
  }
  return new Uint32Array(bytes.buffer)
}
