import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { StockTraining } from '../../../bench/engines/stock-training.js'
import { loadTensorFlow } from '../../../bench/engines/stock.js'
import { toChannelsLast } from '../../../bench/engines/pixels.js'
import type { Layer, Network, NetworkInput, Operation, Padding } from '../../../src/model/network.js'
import { NetworkBuilder } from '../../../src/model/network-builder.js'
import { parsePreset, presetNetwork } from '../../../src/model/presets/index.js'
import { randomWeights } from '../../../src/model/random-weights.js'
import type { Weights } from '../../../src/model/weights.js'
import { trainingProgram } from '../../../src/train/step/program.js'
import { momentumOf } from '../../../src/train/step/signatures.js'
import { mean, randomBatch, startTraining } from './training-graph.js'

const RESCALING = { scale: 1 / 127.5, offset: -1 }
const DESCENT = { momentum: 0.9, weightDecay: 0 }
const BATCH = 6
const AROUND = { top: 1, bottom: 1, left: 1, right: 1 }

type Windows = Partial<{ kernel: [number, number], strides: [number, number], padding: Padding }>
const window = ({ kernel = [3, 3], strides = [1, 1], padding = 'same' }: Windows = {}): {
  kernel: [number, number], strides: [number, number], padding: Padding, dilation: [number, number]
} => ({ kernel, strides, padding, dilation: [1, 1] })
const convolution = (filters: number, windows?: Windows, bias = false): Operation => (
  { kind: 'convolution', filters, groups: 1, bias, ...window(windows) }
)
const normalization = (scale = true, center = true): Operation => ({ kind: 'batchNormalization', epsilon: 1e-3, scale, center })

/** Every kind of layer that can be trained, in odd shapes. */
function everyKind (): Network {
  const input: NetworkInput = { side: 11, channels: 3, rescaling: RESCALING }
  const builder = new NetworkBuilder(input)
  const add = (name: string, operation: Operation, ...inputs: string[]): string => (
    builder.add({ name, operation, inputs: inputs.length === 0 ? [builder.last] : inputs })
  )
  add('stem', convolution(7, { strides: [2, 2], padding: { top: 1, bottom: 0, left: 1, right: 0 } }, true))
  add('stem_bn', normalization())
  const stem = add('stem_act', { kind: 'activation', activation: { function: 'relu' } })
  add('depthwise', { kind: 'depthwiseConvolution', bias: true, ...window({ strides: [2, 2], padding: AROUND }) })
  add('depthwise_bn', normalization(false))
  add('elu', { kind: 'activation', activation: { function: 'elu', alpha: 1 } })
  add('separable', { kind: 'separableConvolution', filters: 9, bias: true, ...window() })
  const main = add('separable_bn', normalization(true, false))
  const shortcut = add('shortcut', convolution(9, { kernel: [1, 1], strides: [2, 2] }), stem)
  add('sum', { kind: 'add' }, main, shortcut)
  const activated = add('sum_act', { kind: 'activation', activation: { function: 'relu', maximum: 6 } })
  const left = add('left', { kind: 'channelSlice', start: 0, end: 4 })
  const right = add('right', { kind: 'channelSlice', start: 3, end: 9 }, activated)
  add('left_1x3', convolution(5, { kernel: [1, 3] }), left)
  const pooled = add('mean', { kind: 'averagePooling', size: [3, 3], strides: [1, 1], padding: 'same' }, right)
  add('joined', { kind: 'concatenate' }, 'left_1x3', pooled)
  add('joined_bn', normalization())
  add('padded', { kind: 'zeroPadding', top: 0, bottom: 1, left: 2, right: 0 })
  add('pool', { kind: 'maxPooling', size: [3, 3], strides: [2, 2], padding: AROUND })
  add('pointwise', convolution(10, { kernel: [1, 1] }, true))
  const map = add('tanh', { kind: 'activation', activation: { function: 'tanh' } })
  const largest = add('largest', { kind: 'globalMaxPooling', keepDimensions: false })
  add('average', { kind: 'globalAveragePooling', keepDimensions: true }, map)
  const average = add('flat', { kind: 'flatten' })
  add('features', { kind: 'concatenate' }, largest, average)
  add('hidden', { kind: 'dense', units: 7, bias: true })
  add('hidden_act', { kind: 'activation', activation: { function: 'sigmoid' } })
  add('logits', { kind: 'dense', units: 3, bias: true })
  add('softmax', { kind: 'activation', activation: { function: 'softmax' } })
  return builder.build()
}

const preset = (text: string): Network => presetNetwork(parsePreset(text), RESCALING)

/** Mean loss, and its gradients by name: what the momenta hold after one step from zero. A learning rate of 0 changes nothing. */
async function lossAndGradients (t: TestContext, network: Network): Promise<{
  loss: (weights: Weights) => Promise<number>
  gradients: (weights: Weights) => Promise<Map<string, Float32Array>>
}> {
  const { training, write } = await startTraining(t, { network, precision: 'float32', batch: BATCH, ...DESCENT })
  const batch = randomBatch(network, BATCH)
  const loss = async (weights: Weights): Promise<number> => {
    await write(weights)
    return mean((await training.step({ ...batch, learningRate: 0 })).losses)
  }
  const gradients = async (weights: Weights): Promise<Map<string, Float32Array>> => {
    await loss(weights)
    const variables = await training.read()
    return new Map([...weights.keys()].flatMap((name) => {
      const gradient = variables.get(momentumOf(name))?.data
      return gradient === undefined ? [] : [[name, gradient]]
    }))
  }
  return { loss, gradients }
}

/**
 * Along the gradient by one weight, the loss has to rise by its length. Steps are short, since ReLU and the largest of a window are
 * not smooth, and long enough for float32.
 */
async function checkByDifferences (t: TestContext, network: Network): Promise<void> {
  const weights = randomWeights(network)
  const { loss, gradients } = await lossAndGradients(t, network)
  const found = await gradients(weights)
  const learning = network.layers.flatMap((layer) => layer.weights).filter(({ role }) => !role.startsWith('moving_'))
  assert.deepEqual([...found.keys()].sort(), learning.map(({ name }) => name).sort())
  for (const [name, gradient] of found) {
    const length = Math.hypot(...gradient)
    const tensor = weights.get(name)
    assert.ok(tensor !== undefined)
    const reach = 4e-3 * Math.max(1, Math.hypot(...tensor.data))
    const along = (distance: number): Weights => new Map([...weights, [name, {
      shape: tensor.shape, data: tensor.data.map((value, index) => value + distance * (gradient[index] ?? 0) / Math.max(length, 1e-12))
    }]])
    const slope = (await loss(along(reach)) - await loss(along(-reach))) / (2 * reach)
    assert.ok(Math.abs(slope - length) < 0.03 * length + 2e-4, `${name}: the loss rises by ${slope}, and the gradient says ${length}`)
  }
}

test('the gradients of every kind of layer are those of finite differences', async (t) => {
  await checkByDifferences(t, everyKind())
})

/** With ELU for ReLU, whose gradient has no step: rounding then changes gradients by as little as it changes values. */
const smooth = (network: Network): Network => ({
  ...network,
  layers: network.layers.map((layer): Layer => (
    layer.operation.kind === 'activation' && layer.operation.activation.function === 'relu'
      ? { ...layer, operation: { kind: 'activation', activation: { function: 'elu', alpha: 1 } } }
      : layer
  ))
})

// In a network of many modules, a ReLU that is open in one and not in the other by rounding alone changes every gradient before it.
for (const [name, network, tolerance] of [
  ['xception', preset('xception?width=0.02&size=36&classes=5'), 1e-2],
  ['xception-elu', preset('xception-elu?width=0.02&size=36&classes=5'), 1e-2],
  ['vgg-separable', preset('vgg-separable?width=0.1&size=40&classes=5'), 1e-2],
  ['inception-simplified with ELU', smooth(preset('inception-simplified?width=0.02&size=36&classes=5')), 1e-3]
] as const) {
  test(`the gradients of ${name} are those of stock tfjs-node`, async (t) => {
    const tf = loadTensorFlow()
    const weights = randomWeights(network)
    const found = await (await lossAndGradients(t, network)).gradients(weights)
    const { images, labels } = randomBatch(network, BATCH)
    const { side } = network.input
    const values = tf.tensor4d(toChannelsLast(images, side, RESCALING), [BATCH, side, side, 3])
    const { gradients } = new StockTraining(tf, { network, weights }, 0).step(values, tf.tensor2d(labels, [BATCH, 5]))
    assert.deepEqual([...found.keys()].sort(), [...gradients.keys()].sort())
    for (const [name, expected] of gradients) {
      const difference = Math.hypot(...expected.map((value, index) => value - (found.get(name)?.[index] ?? NaN)))
      const length = Math.hypot(...expected)
      assert.ok(difference < tolerance * length + 1e-5, `${name} differs by ${difference} of ${length}`)
    }
  })
}

test('a network that cannot be trained is refused by the layer that it cannot be for', () => {
  const builder = new NetworkBuilder({ side: 8, channels: 3, rescaling: RESCALING })
  const dilated: Operation = { kind: 'depthwiseConvolution', bias: false, ...window(), dilation: [2, 2] }
  builder.add({ name: 'dilated', operation: dilated, inputs: ['input'] })
  builder.add({ name: 'pool', operation: { kind: 'globalAveragePooling', keepDimensions: false }, inputs: ['dilated'] })
  builder.add({ name: 'softmax', operation: { kind: 'activation', activation: { function: 'softmax' } }, inputs: ['pool'] })
  assert.throws(
    () => trainingProgram({ network: builder.build(), precision: 'float32', batch: 2, ...DESCENT }),
    /dilated \(depthwiseConvolution\) cannot be trained: training does not know dilation/
  )
})
