import type { LayerQuantization } from './quantization.js'
import type { Tensor } from './weights.js'

/** A pointwise kernel in int8, and what its numbers stand for: weight = integer * filterScale / channelStep. */
export interface QuantizedPointwise {
  /** [channels, filters], row-major, -127 to 127; zeros where a channel is constant. */
  readonly integers: Int8Array
  /** [filters]. */
  readonly filterScales: Float32Array
  /** [channels]: by how much the depthwise output grows from one of its 256 levels to the next; 0 where a channel is constant. */
  readonly channelSteps: Float32Array
}

/** The highest of the levels of a depthwise output; the lowest is 0. */
export const TOP_LEVEL = 255
const LARGEST_INTEGER = 127

/**
 * Rounds the kernel [1, 1, channels, filters] after the steps of its channels were multiplied into it: the largest weight of each
 * filter becomes 127.
 */
export function quantizePointwise ({ shape, data }: Tensor, { low, high }: LayerQuantization): QuantizedPointwise {
  const filters = shape[3] ?? 0
  const channelSteps = low.map((value, channel) => ((high[channel] ?? 0) - value) / TOP_LEVEL)
  const filterScales = Float32Array.from(filterScalesOf({ shape, data }, channelSteps))
  const integers = new Int8Array(data.length)
  data.forEach((weight, index) => {
    const scale = filterScales[index % filters] ?? 0
    if (scale > 0) integers[index] = Math.round(weight * (channelSteps[Math.floor(index / filters)] ?? 0) / scale)
  })
  return { integers, filterScales, channelSteps }
}

/** What an integer of each filter stands for when its channels have these steps: the largest weight becomes 127. */
export function filterScalesOf ({ shape, data }: Tensor, channelSteps: ArrayLike<number>): Float64Array {
  const filters = shape[3] ?? 0
  const scales = new Float64Array(filters)
  data.forEach((weight, index) => {
    const size = Math.abs(weight * (channelSteps[Math.floor(index / filters)] ?? 0)) / LARGEST_INTEGER
    if (size > (scales[index % filters] ?? 0)) scales[index % filters] = size
  })
  return scales
}
