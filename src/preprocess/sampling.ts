import type { InputSpec } from '../model/input.js'
import type { Plan, Size } from './geometry.js'

const CHANNELS = 3

/** Three bytes as libvips has them upright, and the same again as they are handed over. */
export const SAMPLED_PIXEL_BYTES = 2 * CHANNELS

type Kernel = InputSpec['kernel']

/** Kernels that take single pixels however small a picture becomes, and so need all of it. */
export type SamplingKernel = Extract<Kernel, 'nearest' | 'bilinear'>

export interface Rgb extends Size {
  readonly data: Uint8Array
}

/** For each position of an axis, the two pixels between which it lies and the share of the second. */
interface Taps {
  readonly lower: Uint32Array
  readonly upper: Uint32Array
  readonly share: Float32Array
}

export function isSampling (kernel: Kernel): kernel is SamplingKernel {
  return kernel === 'nearest' || kernel === 'bilinear'
}

/**
 * An upright picture as the plan has it. `nearest` is Pillow's, `bilinear` that of `tf.image.resize` and so of
 * `image_dataset_from_directory`: between the four pixels around each point, whatever lies beside them, with the centres of pixels
 * at halves.
 */
export function samplePicture (picture: Rgb, plan: Plan, kernel: SamplingKernel): Uint8Array<ArrayBuffer> {
  const window = plan.window ?? { left: 0, top: 0, width: picture.width, height: picture.height }
  const resize = plan.resize ?? window
  const crop = plan.crop ?? { left: 0, top: 0, ...resize }
  const tapsOf = kernel === 'nearest' ? nearestTaps : bilinearTaps
  const across = tapsOf(window.width, resize.width)
  const down = tapsOf(window.height, resize.height)
  const sampled = new Uint8Array(crop.width * crop.height * CHANNELS)
  const byteAt = (x: number, y: number, channel: number): number => (
    picture.data[((window.top + y) * picture.width + window.left + x) * CHANNELS + channel] ?? 0
  )
  let to = 0
  for (let y = crop.top; y < crop.top + crop.height; y++) {
    const [top = 0, bottom = 0, v = 0] = [down.lower[y], down.upper[y], down.share[y]]
    for (let x = crop.left; x < crop.left + crop.width; x++) {
      const [left = 0, right = 0, u = 0] = [across.lower[x], across.upper[x], across.share[x]]
      for (let channel = 0; channel < CHANNELS; channel++) {
        const above = mix(byteAt(left, top, channel), byteAt(right, top, channel), u)
        const below = mix(byteAt(left, bottom, channel), byteAt(right, bottom, channel), u)
        sampled[to++] = Math.round(mix(above, below, v))
      }
    }
  }
  return sampled
}

function mix (first: number, second: number, share: number): number {
  return first + (second - first) * share
}

function bilinearTaps (from: number, to: number): Taps {
  const taps = emptyTaps(to)
  for (let index = 0; index < to; index++) {
    const position = (index + 0.5) * from / to - 0.5
    const lower = Math.floor(position)
    taps.lower[index] = Math.max(0, lower)
    taps.upper[index] = Math.min(from - 1, lower + 1)
    taps.share[index] = position - lower
  }
  return taps
}

/** Positions add up as Pillow's do, rounding and all. */
function nearestTaps (from: number, to: number): Taps {
  const taps = emptyTaps(to)
  const step = from / to
  let position = step / 2
  for (let index = 0; index < to; index++, position += step) {
    taps.lower[index] = taps.upper[index] = Math.min(from - 1, Math.floor(position))
  }
  return taps
}

function emptyTaps (length: number): Taps {
  return { lower: new Uint32Array(length), upper: new Uint32Array(length), share: new Float32Array(length) }
}
