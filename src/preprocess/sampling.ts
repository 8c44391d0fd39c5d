import type { InputSpec } from '../model/input.js'
import type { Plan, Size } from './geometry.js'

const CHANNELS = 3

type Kernel = InputSpec['kernel']

/** Kernels that take single pixels however small a picture becomes, and so need all of it. */
export type SamplingKernel = Extract<Kernel, 'nearest' | 'bilinear'>

export interface Picture extends Size {
  readonly data: Uint8Array
  readonly channels: 1 | 3
}

/** For each position of an axis, the two pixels between which it lies and the share of the second. */
interface Taps {
  readonly lower: Uint32Array
  readonly upper: Uint32Array
  readonly share: Float32Array
}

/**
 * What is held of a whole picture that is sampled, in bytes a pixel: three as libvips has them upright, the same again as they are handed
 * over, and one more where it becomes grey before; 0 where nothing is sampled.
 */
export function sampledPixelBytes ({ kernel, channels, rescaling }: InputSpec): number {
  if (!isSampling(kernel)) return 0
  return 2 * CHANNELS + (channels === 1 && rescaling !== undefined ? 1 : 0)
}

export function isSampling (kernel: Kernel): kernel is SamplingKernel {
  return kernel === 'nearest' || kernel === 'bilinear'
}

/**
 * An upright picture as the plan has it. `nearest` is Pillow's, `bilinear` that of `tf.image.resize` and so of
 * `image_dataset_from_directory`: between the four pixels around each point, whatever lies beside them, with the centres of pixels
 * at halves.
 */
export function samplePicture (picture: Picture, plan: Plan, kernel: SamplingKernel): Uint8Array<ArrayBuffer> {
  const values = sampleValues(picture, plan, kernel === 'nearest' ? nearestTaps : bilinearTaps)
  const sampled = new Uint8Array(values.length)
  for (let index = 0; index < values.length; index++) sampled[index] = Math.round(values[index] ?? 0)
  return sampled
}

/** An upright picture as the plan has it, resized by `tf.image.resize`, whose positions are float32, and not rounded to 8 bits. */
export function sampleFloats (picture: Picture, plan: Plan, kernel: SamplingKernel): Float32Array<ArrayBuffer> {
  return Float32Array.from(sampleValues(picture, plan, kernel === 'nearest' ? nearestFloatTaps : bilinearFloatTaps))
}

function sampleValues (picture: Picture, plan: Plan, tapsOf: (from: number, to: number) => Taps): Float64Array {
  const { channels } = picture
  const window = plan.window ?? { left: 0, top: 0, width: picture.width, height: picture.height }
  const resize = plan.resize ?? window
  const crop = plan.crop ?? { left: 0, top: 0, ...resize }
  const across = tapsOf(window.width, resize.width)
  const down = tapsOf(window.height, resize.height)
  const sampled = new Float64Array(crop.width * crop.height * channels)
  const byteAt = (x: number, y: number, channel: number): number => (
    picture.data[((window.top + y) * picture.width + window.left + x) * channels + channel] ?? 0
  )
  let to = 0
  for (let y = crop.top; y < crop.top + crop.height; y++) {
    const [top = 0, bottom = 0, v = 0] = [down.lower[y], down.upper[y], down.share[y]]
    for (let x = crop.left; x < crop.left + crop.width; x++) {
      const [left = 0, right = 0, u = 0] = [across.lower[x], across.upper[x], across.share[x]]
      for (let channel = 0; channel < channels; channel++) {
        const above = mix(byteAt(left, top, channel), byteAt(right, top, channel), u)
        const below = mix(byteAt(left, bottom, channel), byteAt(right, bottom, channel), u)
        sampled[to++] = mix(above, below, v)
      }
    }
  }
  return sampled
}

function mix (first: number, second: number, share: number): number {
  return first + (second - first) * share
}

function bilinearTaps (from: number, to: number): Taps {
  return tapsBetween(from, to, (index) => (index + 0.5) * from / to - 0.5)
}

/** Taps as `CalculateResizeScale` and `HalfPixelScaler` have them (tensorflow/core/util/image_resizer_state.h). */
function bilinearFloatTaps (from: number, to: number): Taps {
  const scale = Math.fround(from / to)
  return tapsBetween(from, to, (index) => Math.fround(Math.fround((index + 0.5) * scale) - 0.5))
}

/** Taps as `HalfPixelScalerForNN` has them. */
function nearestFloatTaps (from: number, to: number): Taps {
  const scale = Math.fround(from / to)
  const taps = emptyTaps(to)
  for (let index = 0; index < to; index++) {
    taps.lower[index] = taps.upper[index] = Math.min(from - 1, Math.floor(Math.fround((index + 0.5) * scale)))
  }
  return taps
}

function tapsBetween (from: number, to: number, positionOf: (index: number) => number): Taps {
  const taps = emptyTaps(to)
  for (let index = 0; index < to; index++) {
    const position = positionOf(index)
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
