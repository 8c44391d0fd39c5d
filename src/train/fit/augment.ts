import type { Random } from '../../base/random.js'

/** What a square picture's pixels are: [side, side, channels]. */
interface PictureShape { readonly side: number, readonly channels: number }

interface Changes { readonly flip: boolean, readonly shift: number }

type Pixels = Uint8Array<ArrayBuffer>

/** A picture moved and mirrored by chance; what comes in at an edge is what is on its other side, mirrored. */
export function varied (pixels: Pixels, { side, channels }: PictureShape, { flip, shift }: Changes, random: Random): Pixels {
  const [down, right] = [random.below(2 * shift + 1) - shift, random.below(2 * shift + 1) - shift]
  const isMirrored = flip && random.uniform() < 0.5
  if (down === 0 && right === 0 && !isMirrored) return pixels
  const columns = Int32Array.from({ length: side }, (_, x) => channels * reflected((isMirrored ? side - 1 - x : x) + right, side))
  const result = new Uint8Array(pixels.length)
  let at = 0
  for (let y = 0; y < side; y++) {
    const row = reflected(y + down, side) * side * channels
    for (const column of columns) {
      for (let channel = 0; channel < channels; channel++) result[at++] = pixels[row + column + channel] ?? 0
    }
  }
  return result
}

/** Both pictures over each other, the first with this share, rounded to bytes. */
export function mixed (pixels: Pixels, other: Pixels, share: number): Pixels {
  return pixels.map((byte, index) => Math.round(share * byte + (1 - share) * (other[index] ?? 0)))
}

/** A position beside a line of `length`, mirrored at its ends, which are not repeated. */
function reflected (position: number, length: number): number {
  if (length === 1) return 0
  const period = 2 * (length - 1)
  const within = ((position % period) + period) % period
  return within < length ? within : period - within
}
