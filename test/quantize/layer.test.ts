import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { Random } from '../../src/base/random.js'
import type { ChannelStatistics } from '../../src/quantize/channel-statistics.js'
import { quantizeLayer, restoredPointwise } from '../../src/quantize/layer.js'
import type { LayerQuantization } from '../../src/model/quantization.js'
import type { Tensor } from '../../src/model/weights.js'

const [CHANNELS, FILTERS, POSITIONS] = [24, 10, 4000]

/** Channels of very different spread, behind a ReLU, and weights that make up for it. */
function layer (): { kernel: Tensor, values: Float64Array[], channels: ChannelStatistics[] } {
  const random = new Random(5)
  const spreads = Array.from({ length: CHANNELS }, (_, channel) => 2 ** (channel % 8 - 4))
  const data = Float32Array.from({ length: CHANNELS * FILTERS }, (_, index) => (
    random.normal() / Math.sqrt(spreads[Math.floor(index / FILTERS)] ?? 1)
  ))
  const values = spreads.map((spread) => Float64Array.from({ length: POSITIONS }, () => Math.max(0, random.normal(spread))))
  const channels = values.map((numbers): ChannelStatistics => {
    const mean = numbers.reduce((sum, value) => sum + value, 0) / POSITIONS
    const variance = numbers.reduce((sum, value) => sum + (value - mean) ** 2, 0) / POSITIONS
    return { low: Math.min(...numbers), high: Math.max(...numbers), mean, keptMean: mean, variance }
  })
  return { kernel: { shape: [1, 1, CHANNELS, FILTERS], data }, values, channels }
}

/** What int8 lacks of the product in full, [filters][positions]. */
function errorsOf (kernel: Tensor, values: readonly Float64Array[], quantized: LayerQuantization): number[][] {
  const restored = restoredPointwise(kernel, quantized)
  return Array.from({ length: FILTERS }, (_, filter) => Array.from({ length: POSITIONS }, (_, position) => (
    values.reduce((sum, numbers, channel) => {
      const [low = 0, high = 0] = [quantized.low[channel], quantized.high[channel]]
      const value = numbers[position] ?? 0
      const level = Math.min(255, Math.max(0, Math.round((value - low) / (high - low) * 255)))
      const index = channel * FILTERS + filter
      const middle = (low + high) / 2
      const kept = low + level * (high - low) / 255
      return sum + (value - middle) * (kernel.data[index] ?? 0) - (kept - middle) * (restored.data[index] ?? 0)
    }, 0)
  )))
}

/** Squared errors of each filter about their mean, which the bias takes in. */
function squares (errors: readonly number[][]): number {
  return errors.reduce((total, ofFilter) => {
    const mean = ofFilter.reduce((sum, error) => sum + error, 0) / POSITIONS
    return total + ofFilter.reduce((sum, error) => sum + (error - mean) ** 2, 0)
  }, 0)
}

suite('a quantized layer', () => {
  test('corrects the bias by what the mean of each filter lacks', () => {
    const { kernel, values, channels } = layer()
    const quantized = quantizeLayer(kernel, channels)
    errorsOf(kernel, values, quantized).forEach((errors, filter) => {
      const mean = errors.reduce((sum, error) => sum + error, 0) / POSITIONS
      assert.ok(Math.abs(mean - (quantized.biasCorrection[filter] ?? NaN)) < 2e-3, `filter ${filter}: ${mean}`)
    })
  })

  test('holds each range, has 0 as one of its levels, and errs less than with the ranges as they are', () => {
    const { kernel, values, channels } = layer()
    const quantized = quantizeLayer(kernel, channels)
    channels.forEach(({ low, high }, channel) => {
      const [first = NaN, last = NaN] = [quantized.low[channel], quantized.high[channel]]
      const step = (last - first) / 255
      assert.ok(first <= low + step && last >= high - step, `channel ${channel}`)
      assert.ok(Math.abs(first / step - Math.round(first / step)) < 1e-3, `channel ${channel}`)
    })
    const plain = {
      low: Float32Array.from(channels, ({ low }) => low),
      high: Float32Array.from(channels, ({ high }) => high),
      biasCorrection: new Float32Array(FILTERS)
    }
    assert.ok(squares(errorsOf(kernel, values, quantized)) < squares(errorsOf(kernel, values, plain)))
  })

  test('takes a channel that is constant', () => {
    const { kernel, channels } = layer()
    const constant = { low: 0.5, high: 0.5, mean: 0.5, keptMean: 0.5, variance: 0 }
    const quantized = quantizeLayer(kernel, [constant, ...channels.slice(1)])
    assert.equal(quantized.low[0], quantized.high[0])
    assert.ok([...quantized.biasCorrection, ...restoredPointwise(kernel, quantized).data].every(Number.isFinite))
  })
})
