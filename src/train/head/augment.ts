import { Random } from '../../base/random.js'
import { sidesOf, type InputSpec } from '../../model/input.js'
import type { Pixels } from '../../preprocess/index.js'

/** Share of a picture's sides that a variant shows. */
const KEPT = 7 / 8
/** Makes the seeds of one picture's variants differ in all their bits (the golden ratio of 32 bits). */
const SEED_STEP = 0x9e3779b1

/** The input that a picture is decoded for, so that variants of the network's size can be cut out of it at the same scale. */
export function largerInput (input: InputSpec): InputSpec {
  const width = input.width === undefined ? {} : { width: Math.round(input.width / KEPT) }
  return { ...input, size: Math.round(input.size / KEPT), ...width, cropFraction: Math.min(1, input.cropFraction / KEPT) }
}

/**
 * One variant of a picture, [height, width, channels], from the pixels of the larger input: a part by chance, left and right exchanged
 * or not (always in the first one). The picture's content and the number of the variant, from 1, decide it.
 */
export function variantOf (pixels: Pixels, input: InputSpec, contentHash: string, variant: number): Pixels {
  const { channels } = input
  const { height, width } = sidesOf(input)
  const larger = sidesOf(largerInput(input))
  const random = new Random((Number.parseInt(contentHash.slice(0, 8), 16) + variant * SEED_STEP) | 0)
  const [left, top] = [random.below(larger.width - width + 1), random.below(larger.height - height + 1)]
  const isMirrored = random.uniform() < 0.5 || variant === 1
  const length = height * width * channels
  const result = pixels instanceof Float32Array ? new Float32Array(length) : new Uint8Array(length)
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const from = ((top + y) * larger.width + left + (isMirrored ? width - 1 - x : x)) * channels
      for (let channel = 0; channel < channels; channel++) result[(y * width + x) * channels + channel] = pixels[from + channel] ?? 0
    }
  }
  return result
}
