import assert from 'node:assert/strict'
import { test } from 'node:test'
import { recognize } from '../../../src/sources/keras/index.js'
import {
  SMALL, entry, functional, insertAfter, kerasLayers, networkOf, storedLayers, storedModel, storedWeight, type LayerEntry
} from './synthetic.js'

const NETWORK = networkOf(SMALL)

/** Chains layers behind the input; each is given the name of the layer before it. */
function scaled (steps: ReadonlyArray<(source: string, name: string) => LayerEntry>): unknown {
  const layers = steps.reduce(({ all, last }, step, index) => {
    const added = step(last, `scaling${index}`)
    return { all: insertAfter(all, last, added), last: added.name }
  }, { all: kerasLayers(NETWORK), last: 'input' })
  return functional(layers.all)
}

type Step = (source: string, name: string) => LayerEntry
const layer = (className: string, config: Record<string, unknown>): Step => (source, name) => entry(className, name, config, [source])
/** TensorFlow's function on a tensor, as Keras 2 writes it. */
const lambda = (operation: string, y: unknown): Step => (source, name) => ({
  ...entry('TFOpLambda', name, { function: operation }, []), inbound_nodes: [[source, 0, 0, { y, name: null }]]
})
const lambdaOfConstant = (operation: string, constant: unknown): Step => (source, name) => ({
  ...entry('TFOpLambda', name, { function: operation }, []),
  inbound_nodes: [['_CONSTANT_VALUE', -1, constant, { y: [source, 0, 0], name: null }]]
})
const tensor = (source: string): unknown => ({
  class_name: '__keras_tensor__', config: { shape: [null, 71, 71, 3], dtype: 'float32', keras_history: [source, 0, 0] }
})
/** Keras 3's operation. */
const operation = (className: string, operands: (source: unknown) => unknown[]): Step => (source, name) => ({
  ...entry(className, name, {}, []), inbound_nodes: [{ args: operands(tensor(source)), kwargs: {} }]
})

const cases: Array<[name: string, steps: Step[], scale: number | number[], offset: number | number[]]> = [
  ['Rescaling', [layer('Rescaling', { scale: 0.5, offset: -3 })], 0.5, -3],
  ['Rescaling a channel', [layer('Rescaling', { scale: [1, 2, 4], offset: [[[1, 2, 3]]] })], [1, 2, 4], [1, 2, 3]],
  [
    'a NumPy constant',
    [layer('Rescaling', { scale: { class_name: '__numpy__', config: { value: [1, 2, 4], dtype: 'float32' } }, offset: 0 })], [1, 2, 4], 0
  ],
  [
    'Normalization with given statistics', [layer('Normalization', { axis: [-1], mean: [1, 2, 3], variance: [4, 16, 64] })],
    [0.5, 0.25, 0.125], [-0.5, -0.5, -0.375]
  ],
  ['Normalization with one mean', [layer('Normalization', { axis: null, mean: 8, variance: 4 })], 0.5, -4],
  [
    'Normalization inverted', [layer('Normalization', { axis: -1, mean: [1, 2, 3], variance: [4, 16, 64], invert: true })], [2, 4, 8],
    [1, 2, 3]
  ],
  ['a variance of nothing', [layer('Normalization', { axis: null, mean: 0, variance: 0 })], 1e7, 0],
  [
    "Keras 2's functions",
    [lambda('math.truediv', 4), lambda('__operators__.add', 3), lambda('math.multiply', [1, 2, 4]), lambda('math.subtract', 1)],
    [0.25, 0.5, 1], [2, 5, 11]
  ],
  ["Keras 2's functions, the constant first", [lambdaOfConstant('math.subtract', 255), lambdaOfConstant('math.multiply', 2)], -2, 510],
  [
    "Keras 3's operations",
    [
      operation('TrueDivide', (x) => [x, 4]), operation('Subtract', (x) => [x, 1]), operation('Multiply', (x) => [2, x]),
      operation('Add', (x) => [x, [1, 2, 3]])
    ],
    0.5, [-1, 0, 1]
  ],
  ["Keras 3's operations, the constant first", [operation('Subtract', (x) => [1, x]), operation('Divide', (x) => [x, 2])], -0.5, 0.5],
  [
    "Keras 3's operations on a channel each",
    [operation('Multiply', (x) => [x, { class_name: '__numpy__', config: { value: [[[[1, 2, 4]]]] } }])], [1, 2, 4], 0
  ],
  [
    'several of them around augmentation',
    [
      layer('RandomFlip', {}), layer('Rescaling', { scale: 0.5, offset: 1 }), layer('RandomRotation', {}),
      layer('Normalization', { axis: null, mean: 1, variance: 4 })
    ],
    0.25, 0
  ]
]
for (const [name, steps, scale, offset] of cases) {
  test(name, async () => {
    assert.deepEqual((await recognize(storedModel(NETWORK, scaled(steps)))).rescaling, { scale, offset })
  })
}

const reversed = [{ class_name: '__ellipsis__', config: {} }, { class_name: '__slice__', config: { start: null, stop: null, step: -1 } }]
const turning: Array<[name: string, steps: Step[], expected: unknown]> = [
  ['Keras 3, then the means', [operation('GetItem', (x) => [x, reversed]), operation('Add', (x) => [x, [-1, -2, -3]])],
    { scale: 1, offset: [-1, -2, -3], order: 'bgr' }],
  ['after a scale a channel', [layer('Rescaling', { scale: [1, 2, 4], offset: [5, 6, 7] }), operation('GetItem', (x) => [x, reversed])],
    { scale: [4, 2, 1], offset: [7, 6, 5], order: 'bgr' }],
  ['and back',
    [operation('GetItem', (x) => [x, reversed]), operation('Add', (x) => [x, [1, 2, 3]]), operation('GetItem', (x) => [x, reversed])],
    { scale: 1, offset: [3, 2, 1] }],
  ['Keras 2', [(source, name) => ({
    ...entry('SlicingOpLambda', name, { function: '__operators__.getitem' }, []),
    inbound_nodes: [[source, 0, 0, { slice_spec: [{ class_name: '__ellipsis__' }, { start: null, stop: null, step: -1 }] }]]
  })], { scale: 1, offset: 0, order: 'bgr' }]
]
for (const [name, steps, expected] of turning) {
  test(`channels turned around: ${name}`, async () => {
    assert.deepEqual((await recognize(storedModel(NETWORK, scaled(steps)))).rescaling, expected)
  })
}

test('Normalization that was adapted keeps its statistics as weights', async () => {
  const weights = [storedWeight('mean:0', [3], 6), storedWeight('variance:0', [3], 4), storedWeight('count:0', [], 9)]
  const stored = {
    ...storedModel(NETWORK, scaled([layer('Normalization', { axis: [-1], mean: null, variance: null })])),
    layers: [{ path: 'scaling0', weights }, ...storedLayers(NETWORK)]
  }
  assert.deepEqual((await recognize(stored)).rescaling, { scale: 0.5, offset: -3 })
})

test('without scaling layers nothing is said', async () => {
  assert.equal((await recognize(storedModel(NETWORK, functional(kerasLayers(NETWORK))))).rescaling, undefined)
})

const refused: Array<[name: string, step: Step, message: RegExp]> = [
  ['a scale of two channels', layer('Rescaling', { scale: [1, 2] }),
    /^the layer scaling0 \(Rescaling\) has a scale that is neither one number nor one for each of 3 channels$/],
  ['an axis that is not the channels', layer('Normalization', { axis: [1], mean: 0, variance: 1 }),
    /^the layer scaling0 \(Normalization\) has axis \[1\], and only -1 or \[-1\] or 3/],
  ['a constant divided by the pixels', operation('TrueDivide', (x) => [1, x]), /divides a constant by its input/],
  ['a division by zero', operation('TrueDivide', (x) => [x, 0]), /divides by zero/],
  ['a slice of nobody knows what',
    (source, name) => ({
      ...entry('SlicingOpLambda', name, { function: '__operators__.getitem' }, []), inbound_nodes: [[source, 0, 0, {}]]
    }),
    /^the layer scaling0 \(SlicingOpLambda\) takes undefined, and only slices with a step of 1/],
  ['Python code', layer('Lambda', { function: 'preprocess' }),
    /^the layer scaling0 \(Lambda\) is Python code.* say with SCALE what it does/]
]
for (const [name, step, message] of refused) {
  test(`${name} is refused`, async () => {
    await assert.rejects(recognize(storedModel(NETWORK, scaled([step]))), { name: 'WeightsError', message })
  })
}
