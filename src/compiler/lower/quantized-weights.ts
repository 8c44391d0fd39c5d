import { OperatorError } from '../../base/errors.js'
import type { LayerQuantization } from '../../model/quantization.js'
import { quantizePointwise, TOP_LEVEL } from '../../model/quantized-pointwise.js'
import type { Tensor } from '../../model/weights.js'

/** A separable convolution's weights for products of int8, not yet in the order of the kernels. */
export interface QuantizedWeights {
  /** As it was, with each channel's output in levels of its range. */
  readonly depthwise: Tensor
  /** [channels], added to that output, which is then rounded and kept from 0 to 255. */
  readonly shifts: Float32Array
  /** [channels, filters]. */
  readonly pointwise: Int8Array
  /** [filters], of which each multiplies the sum of a filter's products. */
  readonly scales: Float32Array
  /** [filters]. */
  readonly bias: Float32Array
}

interface FloatWeights {
  /** [3, 3, channels, 1]. */
  readonly depthwise: Tensor
  /** [1, 1, channels, filters]. */
  readonly pointwise: Tensor
  /** [filters]. */
  readonly bias: Float32Array
}

/** In the middle of a range. */
const MIDDLE_LEVEL = TOP_LEVEL / 2

/**
 * Quantizes the weights. What the middles of the ranges give goes into the bias, computed with the weights as they were: rounding
 * them changes only what an image has beside it, and a channel that is constant is exact.
 */
export function quantizedWeights ({ depthwise, pointwise, bias }: FloatWeights, quantization: LayerQuantization): QuantizedWeights {
  const { low, high, biasCorrection } = quantization
  const channels = low.length
  if (depthwise.shape[2] !== channels || high.length !== channels || biasCorrection.length !== bias.length) {
    throw new OperatorError(`a quantization of ${channels} channels and ${biasCorrection.length} filters does not fit its layer`)
  }
  const { integers, filterScales, channelSteps } = quantizePointwise(pointwise, quantization)
  const levels = channelSteps.map(levelsOf)
  const constant = Float64Array.from(bias, (value, filter) => value + (biasCorrection[filter] ?? 0))
  integers.forEach((integer, index) => {
    const [channel, filter] = [Math.floor(index / bias.length), index % bias.length]
    const middle = ((low[channel] ?? 0) + (high[channel] ?? 0)) / 2
    const ofMiddle = (pointwise.data[index] ?? 0) * middle - MIDDLE_LEVEL * (filterScales[filter] ?? 0) * integer
    constant[filter] = (constant[filter] ?? 0) + ofMiddle
  })
  return {
    depthwise: { shape: depthwise.shape, data: depthwise.data.map((weight, index) => weight * (levels[index % channels] ?? 0)) },
    shifts: levels.map((scale, channel) => -(low[channel] ?? 0) * scale),
    pointwise: integers,
    scales: filterScales,
    bias: Float32Array.from(constant)
  }
}

/** Levels for each unit of a channel; none where it is constant, or its range so small that float32 has no such number. */
function levelsOf (step: number): number {
  const levels = Math.fround(1 / step)
  return Number.isFinite(levels) ? levels : 0
}
