import type { LayerQuantization } from '../model/quantization.js'
import { quantizePointwise, TOP_LEVEL } from '../model/quantized-pointwise.js'
import type { Tensor } from '../model/weights.js'
import type { ChannelStatistics, Range } from './channel-statistics.js'
import { equalized } from './equalize.js'

/** Quantizes a layer, whose pointwise kernel is [1, 1, channels, filters], by what is known of its channels. */
export function quantizeLayer (kernel: Tensor, channels: readonly ChannelStatistics[]): LayerQuantization {
  const ranges = equalized(kernel, channels).map(withZero)
  const layer = {
    low: Float32Array.from(ranges, ({ low }) => low),
    high: Float32Array.from(ranges, ({ high }) => high),
    biasCorrection: new Float32Array(kernel.shape[3] ?? 0)
  }
  return { ...layer, biasCorrection: biasCorrection(kernel, layer, channels) }
}

/** The weights that a layer's integers stand for. They multiply what lies beside the middle of each range. */
export function restoredPointwise (kernel: Tensor, layer: LayerQuantization): Tensor {
  const { integers, filterScales, channelSteps } = quantizePointwise(kernel, layer)
  const filters = filterScales.length
  const data = Float32Array.from(integers, (integer, index) => {
    const step = channelSteps[Math.floor(index / filters)] ?? 0
    return step === 0 ? 0 : integer * (filterScales[index % filters] ?? 0) / step
  })
  return { shape: kernel.shape, data }
}

/**
 * Moves a range that holds 0 so that 0 is one of its levels: it is by far the most frequent value behind a ReLU, and each would be
 * wrong by the same.
 */
function withZero ({ low, high }: Range): Range {
  if (!(low <= 0 && high >= 0 && high > low)) return { low, high }
  const step = (high - low) / TOP_LEVEL
  const level = Math.round(-low / step)
  return { low: -level * step, high: (TOP_LEVEL - level) * step }
}

/** What the mean of each filter lacks: that of the sum of products in full, less that of what int8 makes of it. */
function biasCorrection (kernel: Tensor, layer: LayerQuantization, channels: readonly ChannelStatistics[]): Float32Array {
  const filters = layer.biasCorrection.length
  const restored = restoredPointwise(kernel, layer)
  const lack = new Float64Array(filters)
  channels.forEach(({ mean, keptMean }, channel) => {
    const middle = ((layer.low[channel] ?? 0) + (layer.high[channel] ?? 0)) / 2
    for (let filter = 0; filter < filters; filter++) {
      const index = channel * filters + filter
      const [weight = 0, integer = 0] = [kernel.data[index], restored.data[index]]
      lack[filter] = (lack[filter] ?? 0) + (mean - middle) * weight - (keptMean - middle) * integer
    }
  })
  return new Float32Array(lack)
}
