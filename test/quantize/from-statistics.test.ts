import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { Random } from '../../src/base/random.js'
import { fold } from '../../src/compiler/fold/fold.js'
import { networkOf } from '../../src/model/network-builder.js'
import type { LayerStatement, Network, OperationOf } from '../../src/model/network.js'
import { sizeOf, type Weights } from '../../src/model/weights.js'
import { quantizationOf } from '../../src/quantize/from-statistics.js'
import { separableLayers } from '../../src/quantize/separable-layers.js'

const WINDOW: Pick<OperationOf<'convolution'>, 'kernel' | 'strides' | 'dilation' | 'padding'> = {
  kernel: [3, 3], strides: [1, 1], dilation: [1, 1], padding: 'same'
}
const NORMALIZATION = { kind: 'batchNormalization', epsilon: 1e-3, scale: true, center: true } as const
const RELU = { kind: 'activation', activation: { function: 'relu' } } as const
const CHANNELS = 4
/** Statistics of the batch normalization that the separable convolution reads, behind a ReLU. */
const [GAMMA, BETA] = [[0.5, 1, 2, 3], [0, 0.5, -1, 2]]

function network (between: readonly LayerStatement[], last: string): Network {
  return networkOf({ side: 8, channels: 3, rescaling: { scale: 1 / 127.5, offset: -1 } }, [
    { name: 'stem', operation: { kind: 'convolution', filters: CHANNELS, groups: 1, bias: false, ...WINDOW }, inputs: ['input'] },
    { name: 'stem_bn', operation: NORMALIZATION, inputs: ['stem'] },
    ...between,
    { name: 'separable', operation: { kind: 'separableConvolution', filters: 6, bias: false, ...WINDOW }, inputs: [last] },
    { name: 'separable_bn', operation: NORMALIZATION, inputs: ['separable'] },
    { name: 'pooled', operation: { kind: 'globalAveragePooling', keepDimensions: false }, inputs: ['separable_bn'] },
    { name: 'softmax', operation: { kind: 'activation', activation: { function: 'softmax' } }, inputs: ['pooled'] }
  ])
}

function weightsOf ({ layers }: Network): Weights {
  const random = new Random(3)
  return new Map(layers.flatMap(({ weights }) => weights).map(({ name, role, shape }) => {
    const known = name === 'stem_bn/gamma' ? GAMMA : name === 'stem_bn/beta' ? BETA : undefined
    const data = Float32Array.from({ length: sizeOf(shape) }, (_, index) => (
      known?.[index] ?? (role === 'moving_variance' || role === 'gamma' ? random.uniform(0.5, 2) : random.normal(0.3))
    ))
    return [name, { shape, data }]
  }))
}

/** Depthwise outputs at positions that do not touch each other, of normal values with the statistics that are trained for. */
function outputsOf (kernel: Float32Array, channel: number, isRectified: boolean): number[] {
  const random = new Random(channel)
  return Array.from({ length: 20_000 }, () => Array.from({ length: 9 }, (_, position) => {
    const value = (BETA[channel] ?? 0) + random.normal(GAMMA[channel])
    return (isRectified ? Math.max(0, value) : value) * (kernel[position * CHANNELS + channel] ?? 0)
  }).reduce((sum, value) => sum + value, 0))
}

suite('a quantization from batch normalizations alone', () => {
  for (const isRectified of [true, false]) {
    test(`holds what the layer gives of such values ${isRectified ? 'behind a ReLU' : 'as they are'}`, () => {
      const plain = isRectified ? network([{ name: 'relu', operation: RELU, inputs: ['stem_bn'] }], 'relu') : network([], 'stem_bn')
      const weights = weightsOf(plain)
      const folded = fold(plain, weights)
      const quantized = quantizationOf(plain, weights).get('separable')
      assert.ok(quantized !== undefined)
      const kernel = folded.weights.get('separable/depthwise_kernel')?.data ?? new Float32Array()
      for (let channel = 0; channel < CHANNELS; channel++) {
        const outputs = outputsOf(kernel, channel, isRectified)
        const [least, most] = [Math.min(...outputs), Math.max(...outputs)]
        const [low = NaN, high = NaN] = [quantized.low[channel], quantized.high[channel]]
        assert.ok(low <= least && high >= most, `channel ${channel}: ${low} to ${high}, and there are ${least} to ${most}`)
        assert.ok(high - low < 8 * (most - least), `channel ${channel}: ${low} to ${high} is far more than ${least} to ${most}`)
      }
    })
  }

  test('names the layers of the folded network', () => {
    const plain = network([{ name: 'relu', operation: RELU, inputs: ['stem_bn'] }], 'relu')
    const weights = weightsOf(plain)
    assert.deepEqual([...quantizationOf(plain, weights).keys()], separableLayers(fold(plain, weights)).map(({ name }) => name))
  })
})
