import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { compile } from '../../../src/compiler/index.js'
import { networkOf as networkOfStatements } from '../../../src/model/network-builder.js'
import type { Network } from '../../../src/model/network.js'
import { recognize, type Hints } from '../../../src/sources/keras/index.js'
import { referenceProbabilities } from '../../support/reference-network.js'
import { entry, functional, type LayerEntry } from './synthetic.js'

const SIDE = 4
/** Numbers that are told apart, of three channels. */
const PICTURE = Uint8Array.from({ length: SIDE * SIDE * 3 }, (_, index) => (index * 37 + 11) % 251)
type Pixels = ReadonlyArray<readonly number[]>
const PIXELS: Pixels = Array.from({ length: SIDE * SIDE }, (_, position) => [...PICTURE.subarray(3 * position, 3 * position + 3)])

const input = entry('InputLayer', 'pixels', { batch_input_shape: [null, SIDE, SIDE, 3] }, [])
const keras2 = (name: string, functionName: string, keywords: object, ...sources: string[]): LayerEntry => ({
  ...entry(functionName.endsWith('getitem') ? 'SlicingOpLambda' : 'TFOpLambda', name, { function: functionName }, []),
  inbound_nodes: sources.length === 1 ? [[sources[0], 0, 0, keywords]] : [sources.map((source) => [source, 0, 0, keywords])]
})
const tensor = (source: string): object => ({ class_name: '__keras_tensor__', config: { keras_history: [source, 0, 0] } })
const keras3 = (name: string, className: string, config: object, args: unknown): LayerEntry => (
  { ...entry(className, name, { ...config }, []), inbound_nodes: [{ args: args as unknown[], kwargs: {} }] }
)
/** What is behind the layers: the means of the channels, and their softmax. */
const closed = (layers: readonly LayerEntry[], last = layers.at(-1)?.name ?? ''): LayerEntry[] => [
  input, ...layers, entry('Rescaling', 'small', { scale: 0.01, offset: 0 }, [last]),
  entry('GlobalAveragePooling2D', 'means', {}, ['small']),
  entry('Softmax', 'softmax', {}, ['means'])
]

async function opened (layers: readonly LayerEntry[], hints: Hints = {}): Promise<Network & { readonly stated: unknown }> {
  const stored = { kind: 'hdf5-model', kerasVersion: undefined, close: async () => {}, config: functional(layers), layers: [] } as const
  const { network, rescaling } = await recognize(stored, { withoutClassifier: true, ...hints })
  return { ...network, stated: rescaling }
}

function softmaxOfMeans (pixels: Pixels): number[] {
  const sums = (pixels[0] ?? []).map((_, channel) => pixels.reduce((sum, pixel) => sum + (pixel[channel] ?? 0), 0) / pixels.length)
  const powers = sums.map((sum) => Math.exp(0.01 * sum))
  return powers.map((power) => power / powers.reduce((sum, one) => sum + one, 0))
}

const of = (compute: (red: number, green: number, blue: number) => number[]) => (pixels: Pixels): Pixels => (
  pixels.map(([red = 0, green = 0, blue = 0]) => compute(red, green, blue))
)
const caffe = of((red, green, blue) => [blue - 100, green - 110, red - 120])
const middle = (pixels: Pixels): Pixels => pixels.filter((_, index) => [5, 6, 9, 10].includes(index))
const nearest = (pixels: Pixels): Pixels => pixels.filter((_, index) => [5, 7, 13, 15].includes(index))

const turned = keras2('turned', '__operators__.getitem', { slice_spec: [{ class_name: '__ellipsis__' }, { step: -1 }] }, 'pixels')
const channel = (index: number): LayerEntry => (
  keras3(`channel${index}`, 'GetItem', {}, [tensor('pixels'), [{ class_name: '__ellipsis__' }, index]])
)
const stacked = keras3('stacked', 'Stack', { axis: -1 }, [[2, 1, 0].map((index) => tensor(`channel${index}`))])
const bias = [-100, -110, -120]

suite('functions of Keras 3 and of TensorFlow give what they mean', () => {
  const cases: Array<[name: string, layers: LayerEntry[], compute: (pixels: Pixels) => Pixels]> = [
    ["caffe's preprocessing, Keras 2", [turned, { ...keras2('biased', 'nn.bias_add', { bias, data_format: 'NHWC' }, 'turned') }], caffe],
    ["caffe's preprocessing, Keras 3", [
      channel(2), channel(1), channel(0), stacked,
      keras3('biased', 'Add', {}, [tensor('stacked'), { class_name: '__tensor__', config: { value: bias } }])
    ], caffe],
    ['channels apart, each with its mean', [
      channel(0), channel(1), channel(2), keras3('less', 'Subtract', {}, [tensor('channel2'), 100]),
      keras3('stacked', 'Stack', { axis: 3 }, [[tensor('less'), tensor('channel1'), tensor('channel0')]])
    ], of((red, green, blue) => [blue - 100, green, red])],
    ['a split', [
      keras2('split', 'split', { num_or_size_splits: [1, 2], axis: -1 }, 'pixels'),
      { ...keras2('joined', 'concat', {}, 'split'), inbound_nodes: [[['split', 0, 1, { axis: -1 }], ['split', 0, 0, { axis: -1 }]]] }
    ], of((red, green, blue) => [green, blue, red])],
    ['grey', [keras2('grey', 'image.rgb_to_grayscale', {}, 'pixels'), keras2('copies', 'image.grayscale_to_rgb', {}, 'grey')],
      of((red, green, blue) => { const grey = 0.2989 * red + 0.587 * green + 0.114 * blue; return [grey, grey, grey] })],
    ['the mean of channels beside their largest', [
      keras2('mean', 'math.reduce_mean', { axis: -1, keepdims: true }, 'pixels'),
      keras3('largest', 'Max', { axis: [3], keepdims: true }, [tensor('pixels')]),
      keras2('joined', 'concat', { axis: 3 }, 'mean', 'largest')
    ], of((red, green, blue) => [(red + green + blue) / 3, Math.max(red, green, blue)])],
    ['the sum and the least of channels', [
      keras2('sum', 'math.reduce_sum', { axis: [-1], keepdims: true }, 'pixels'),
      keras3('least', 'Min', { axis: -1, keepdims: true }, [tensor('pixels')]),
      entry('Concatenate', 'joined', { axis: -1 }, ['sum', 'least'])
    ], of((red, green, blue) => [red + green + blue, Math.min(red, green, blue)])],
    ['bounds', [keras3('least', 'Maximum', {}, [tensor('pixels'), 100]), keras2('most', 'math.minimum', { y: 150 }, 'least')],
      of((...channels) => channels.map((value) => Math.min(Math.max(value, 100), 150)))],
    ['Average, Maximum and Minimum', [
      turned, entry('Average', 'average', {}, ['pixels', 'turned']), entry('Maximum', 'most', {}, ['average', 'turned']),
      entry('Minimum', 'least', {}, ['most', 'pixels'])
    ], of((red, green, blue) => [[red, blue], [green, green], [blue, red]].map(([one = 0, other = 0]) => (
      Math.min(Math.max((one + other) / 2, other), one)
    )))],
    ['a division', [keras3('sum', 'Add', {}, [tensor('pixels'), 1]), keras3('ratio', 'TrueDivide', {}, [tensor('pixels'), tensor('sum')])],
      of((...channels) => channels.map((value) => value / (value + 1)))],
    ['a crop of the middle', [entry('CenterCrop', 'crop', { height: 2, width: 2 }, ['pixels'])], middle],
    ['Cropping2D', [entry('Cropping2D', 'crop', { cropping: [[1, 1], [1, 1]] }, ['pixels'])], middle],
    ['a slice of positions', [
      keras2('crop', '__operators__.getitem', { slice_spec: [{}, { start: 1, stop: 3 }, { start: 1, stop: -1 }] }, 'pixels')
    ], middle],
    ['the nearest, half as large', [entry('Resizing', 'small', { height: 2, width: 2, interpolation: 'nearest' }, ['pixels']),
      entry('Identity', 'same', {}, ['small'])], nearest],
    ['UpSampling2D', [entry('UpSampling2D', 'large', { size: [3, 3], interpolation: 'nearest' }, ['pixels'])], (pixels) => pixels],
    ['to the ratio of the sides', [entry('Resizing', 'wide', { height: 2, width: 4, crop_to_aspect_ratio: true }, ['pixels'])],
      (pixels) => pixels.slice(4, 12)]
  ]
  for (const [name, layers, compute] of cases) {
    test(name, async () => {
      const named = layers.map((layer) => ({ ...layer, name: layer.name === 'small' ? 'smaller' : layer.name }))
      const renamed = JSON.parse(JSON.stringify(named).replaceAll('["small",', '["smaller",')) as LayerEntry[]
      const network = await opened(closed(renamed))
      const found = referenceProbabilities(network, new Map(), PICTURE)
      softmaxOfMeans(compute(PIXELS)).forEach((value, index) => { assert.ok(Math.abs(value - (found[index] ?? NaN)) < 1e-6, `${found}`) })
    })
  }
})

suite('pixels go in as they are where something behind the input scales', () => {
  const identity = { scale: 1, offset: 0 }
  const rescaling = (name: string, source: string): LayerEntry => entry('Rescaling', name, { scale: 1 / 255 }, [source])
  const cases: Array<[name: string, layers: LayerEntry[], stated: unknown]> = [
    ['on two ways', [rescaling('one', 'pixels'), rescaling('other', 'pixels'), entry('Add', 'sum', {}, ['one', 'other'])], identity],
    ['behind a pooling', [entry('AveragePooling2D', 'pool', { pool_size: [2, 2] }, ['pixels']), rescaling('scaled', 'pool')], identity],
    ['behind a join', [entry('Concatenate', 'join', { axis: -1 }, ['pixels', 'pixels']), rescaling('scaled', 'join')], identity],
    ['in one chain, which is one multiplication', [rescaling('scaled', 'pixels')], { scale: 0.01 / 255, offset: 0 }]
  ]
  for (const [name, layers, stated] of cases) {
    test(name, async () => { assert.deepEqual((await opened(closed(layers))).stated, stated) })
  }
})

suite('a Lambda behind the input', () => {
  const lambda = (config: object): LayerEntry[] => [
    input, entry('Lambda', 'lambda', { ...config }, ['pixels']), entry('GlobalAveragePooling2D', 'means', {}, ['lambda']),
    entry('Softmax', 'softmax', {}, ['means'])
  ]
  const code = Buffer.from('...preprocess_input...').toString('base64')
  const cases: Array<[name: string, config: object, scale: number | number[] | undefined, order?: 'bgr']> = [
    ['by its name and module', { function: 'preprocess_input', module: 'keras.applications.xception' }, 1 / 127.5],
    ['of ResNet', { function: 'preprocess_input', module: 'tensorflow.python.keras.applications.resnet50' }, 1, 'bgr'],
    ['of ResNet V2', { function: 'preprocess_input', module: 'keras.applications.resnet_v2' }, 1 / 127.5],
    ['of EfficientNet', { function: { module: 'keras.src.applications.efficientnet', config: 'preprocess_input' } }, 1],
    ['by the code of a module that is known', { function: [code, null, null], module: 'keras.src.applications.vgg16' }, 1, 'bgr'],
    ['whose module nothing tells', { function: { class_name: 'function', module: 'builtins', config: 'preprocess_input' } }, undefined]
  ]
  for (const [name, config, scale, order] of cases) {
    test(name, async () => {
      const { stated } = await opened(lambda(config))
      const found = stated as { scale: unknown, order?: unknown } | undefined
      assert.deepEqual([found?.scale, found?.order], [scale, order])
    })
  }

  test('Python code is refused with what may stand for it, and SCALE stands for it', async () => {
    const layers = lambda({ function: [Buffer.from('x / 3').toString('base64'), null, null], module: '__main__' })
    await assert.rejects(opened(layers), { name: 'WeightsError', message: /^the layer lambda \(Lambda\) is Python code.* say with SCALE/ })
    assert.equal((await opened(layers, { scaleIsGiven: true })).stated, undefined)
  })
})

suite('what is no probability', () => {
  const heads = (...layers: LayerEntry[]): LayerEntry[] => [
    input, entry('GlobalAveragePooling2D', 'means', {}, ['pixels']), entry('GlobalMaxPooling2D', 'most', {}, ['pixels']),
    entry('Softmax', 'one', {}, ['means']), entry('Softmax', 'other', {}, ['most']), ...layers
  ]
  test('an average of softmaxes is probabilities', async () => {
    const network = await opened(heads(entry('Average', 'average', {}, ['one', 'other'])), { withoutClassifier: false })
    assert.deepEqual(network.layers.at(-1)?.operation, { kind: 'probabilities', of: 'softmax' })
    assert.ok(Math.abs(referenceProbabilities(network, new Map(), PICTURE).reduce((sum, value) => sum + value, 0) - 1) < 1e-9)
  })
  test('their sum is refused', async () => {
    const sum = heads(entry('Add', 'sum', {}, ['one', 'other']))
    await assert.rejects(opened(sum, { withoutClassifier: false }), /shares are 2\.00 together/)
  })
})

test('a weight that is no number is refused by the name of its layer', () => {
  const network = networkOfStatements({ side: 1, channels: 3, rescaling: { scale: 1, offset: 0 } }, [
    { name: 'pool', operation: { kind: 'globalAveragePooling', keepDimensions: false }, inputs: ['input'] },
    { name: 'last', operation: { kind: 'dense', units: 2, bias: false }, inputs: ['pool'] },
    { name: 'softmax', operation: { kind: 'activation', activation: { function: 'softmax' } }, inputs: ['last'] }
  ])
  for (const value of [NaN, Infinity]) {
    const weights = new Map([['last/kernel', { shape: [3, 2], data: Float32Array.of(1, 2, 3, value, 5, 6) }]])
    assert.throws(() => compile({ network, weights, precision: 'float32', ownKernels: false }), {
      name: 'WeightsError', message: new RegExp(`^the layer last \\(dense\\) has ${value} among the numbers of its kernel`)
    })
  }
})

test('an input need not be square', async () => {
  const layers = closed([entry('Rescaling', 'scaled', { scale: 1 }, ['pixels'])])
  const wide = layers.map((layer) => layer.name === 'pixels' ? { ...layer, config: { batch_input_shape: [null, 2, 8, 3] } } : layer)
  const network = await opened(wide)
  assert.deepEqual(network.layers[0]?.outputShape, [2, 8, 3])
  const found = referenceProbabilities(network, new Map(), PICTURE)
  softmaxOfMeans(PIXELS).forEach((value, index) => { assert.ok(Math.abs(value - (found[index] ?? NaN)) < 1e-6) })
})
