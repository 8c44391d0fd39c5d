import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { Operation } from '../../../src/model/network.js'
import { recognize } from '../../../src/sources/keras/index.js'
import { chain, entry, functional, statements, storedModel, type LayerEntry } from './synthetic.js'

const CHANNELS = 8
const NETWORK = chain(8, 3,
  [
    'conv',
    { kind: 'convolution', filters: CHANNELS, groups: 1, bias: false, kernel: [1, 1], strides: [1, 1], dilation: [1, 1], padding: 'valid' }
  ],
  ['pool', { kind: 'globalAveragePooling', keepDimensions: false }],
  ['dense', { kind: 'dense', units: 2, bias: false }]
)

/** What the layers between the first convolution and the pooling become. */
async function between (added: LayerEntry, kerasVersion?: string): Promise<Operation[]> {
  const layers = [
    entry('InputLayer', 'input', { batch_input_shape: [null, 8, 8, 3] }, []),
    entry('Conv2D', 'conv', { filters: CHANNELS, kernel_size: 1, use_bias: false }, ['input']), added,
    entry('GlobalAveragePooling2D', 'pool', {}, [added.name]), entry('Dense', 'dense', { units: 2, use_bias: false }, ['pool'])
  ]
  const { network } = await recognize({ ...storedModel(NETWORK, functional(layers)), kerasVersion })
  const all = statements(network)
  return all.slice(1, all.findIndex(({ name }) => name === 'pool')).map(({ operation }) => operation)
}

const tensor = {
  class_name: '__keras_tensor__', config: { shape: [null, 8, 8, CHANNELS], dtype: 'float32', keras_history: ['conv', 0, 0] }
}
const layer = (className: string, config: Record<string, unknown>): LayerEntry => entry(className, 'added', config, ['conv'])
/** Keras 3's operation. */
const operation = (className: string, config: Record<string, unknown> = {}, ...constants: unknown[]): LayerEntry => {
  return { ...entry(className, 'added', config, []), inbound_nodes: [{ args: [tensor, ...constants], kwargs: {} }] }
}
/** TensorFlow's function, as Keras 2 writes it. */
const lambda = (name: string, keywords: Record<string, unknown> = {}): LayerEntry => {
  return { ...entry('TFOpLambda', 'added', { function: name }, []), inbound_nodes: [['conv', 0, 0, keywords]] }
}
const slice = (start: number | null, stop: number | null): unknown[] => [
  { class_name: '__ellipsis__', config: {} }, { class_name: '__slice__', config: { start, stop, step: null } }
]

suite('activations', () => {
  const cases: Array<[name: string, added: LayerEntry, version: string, expected: object]> = [
    ['hard sigmoid of Keras 2', layer('Activation', { activation: 'hard_sigmoid' }), '2.15.0', { function: 'hardSigmoid', slope: 0.2 }],
    ['hard sigmoid of Keras 3', layer('Activation', { activation: 'hard_sigmoid' }), '3.15.1', { function: 'hardSigmoid', slope: 1 / 6 }],
    [
      'hard sigmoid of TensorFlow.js', layer('Activation', { activation: 'hard_sigmoid' }), 'tfjs-layers 4.22.0',
      { function: 'hardSigmoid', slope: 0.2 }
    ],
    ['hard swish by its other name', layer('Activation', { activation: 'hard_silu' }), '3.15.1', { function: 'hardSwish', slope: 1 / 6 }],
    ['leaky ReLU, the layer of Keras 2', layer('LeakyReLU', {}), '2.15.0', { function: 'leakyRelu', slope: 0.3 }],
    ['leaky ReLU, the layer of Keras 3', layer('LeakyReLU', { negative_slope: 0.1 }), '3.15.1', { function: 'leakyRelu', slope: 0.1 }],
    ['leaky ReLU, the function', lambda('nn.leaky_relu'), '2.15.0', { function: 'leakyRelu', slope: 0.2 }],
    ['leaky ReLU, the operation', operation('LeakyRelu', { negative_slope: 0.4 }), '3.15.1', { function: 'leakyRelu', slope: 0.4 }],
    ['GELU, the activation', layer('Activation', { activation: 'gelu' }), '3.15.1', { function: 'gelu', approximate: false }],
    ['GELU, the function', lambda('nn.gelu', { approximate: true }), '2.15.0', { function: 'gelu', approximate: true }],
    ['GELU, the operation', operation('Gelu'), '3.15.1', { function: 'gelu', approximate: true }],
    ['ReLU6, the function', lambda('nn.relu6'), '2.15.0', { function: 'relu', maximum: 6 }],
    ['a range from 0', lambda('clip_by_value', { clip_value_min: 0, clip_value_max: 1 }), '2.15.0', { function: 'relu', maximum: 1 }],
    [
      'a layer as an activation', layer('Activation', { activation: { class_name: 'ELU', config: { alpha: 0.5 } } }), '2.15.0',
      { function: 'elu', alpha: 0.5 }
    ]
  ]
  for (const [name, added, version, activation] of cases) {
    test(name, async () => { assert.deepEqual(await between(added, version), [{ kind: 'activation', activation }]) })
  }

  test('linear is no layer', async () => { assert.deepEqual(await between(layer('Activation', { activation: 'linear' })), []) })
})

suite('slices of channels', () => {
  const cases: Array<[name: string, added: LayerEntry, expected: object]> = [
    ['Keras 3', operation('GetItem', {}, slice(0, 3)), { start: 0, end: 3 }],
    ['from the end', operation('GetItem', {}, slice(-3, null)), { start: 5, end: 8 }],
    ['beyond the end', operation('GetItem', {}, slice(6, 99)), { start: 6, end: 8 }]
  ]
  for (const [name, added, expected] of cases) {
    // The classifier's weights do not fit fewer channels, which is refused after the layers are read.
    test(name, async () => {
      const message = new RegExp(
        `expected kernel of shape \\[${(expected as { end: number }).end - (expected as { start: number }).start}, 2\\]`
      )
      await assert.rejects(between(added), { message })
    })
  }

  test('a slice that leaves out rows of the batch is refused', async () => {
    await assert.rejects(
      between(operation('GetItem', {}, [{ class_name: '__slice__', config: { start: 1 } }])),
      /^WeightsError: the layer added \(GetItem\) takes .*, and only slices with a step of 1 are supported, and single channels$/
    )
  })
})
