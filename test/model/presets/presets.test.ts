import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { suite, test } from 'node:test'
import { totalCounts, type Counts } from '../../../src/model/counts.js'
import { outputUnits, type Layer, type Network } from '../../../src/model/network.js'
import { parsePreset, presetNames, presetNetwork, presetText } from '../../../src/model/presets/index.js'

const network = (text: string): Network => presetNetwork(parsePreset(text), { scale: 1 / 127.5, offset: -1 })
const counts = (text: string): Counts => totalCounts(network(text).layers)
/** The layers of one module of the middle flow. */
const moduleOf = (text: string): Layer[] => network(text).layers.filter(({ name }) => /^block6_(?:inception|sepconv)2/.test(name))
const kinds = (layers: readonly Layer[]): string[] => layers.map(({ operation }) => operation.kind)
const count = (layers: readonly Layer[], kind: string): number => kinds(layers).filter((one) => one === kind).length
const filtersOf = (layers: readonly Layer[]): number[] =>
  layers.flatMap(({ operation }) => operation.kind === 'convolution' ? [operation.filters] : [])
const sha256 = (value: unknown): string => createHash('sha256').update(JSON.stringify(value)).digest('hex')

suite('what Keras publishes is matched exactly', () => {
  // SHA-256 of the JSON of lists that Keras 3.15 gave: the shapes of each layer's weights, and of each layer's output, in its order.
  for (const [name, parameters, weights, outputs] of [
    [
      'inception-v3', 23_851_784,
      '31c24d1883a4374b658a4ec31943b1aaed11d22b570db0b4fc583fa69d30aa7e',
      'cf92d521ccecd01bc171b4e4c6a984e2c113ff6bf34ca5fa2751c4521f267ddb'
    ],
    [
      'mobilenet', 4_253_864,
      'bafc4d8910dca49638e8c52b7cc0fd909582205d489debae2f62a25c5877022a',
      '074c52dfeca42b6e8c1da085a4fe522ff72af3baa81b93d64ea66226897bbcce'
    ],
    [
      'xception', 22_910_480,
      '3ce47fd5ed72718a4a64813003ee92f7dc632936240d00ea639478f28ca0cac5',
      '358cc5db0b33452efd9e54567656129cd24c7d65b4b22c8547c4179e36626734'
    ]
  ] as const) {
    test(name, () => {
      const { layers } = network(name)
      assert.equal(totalCounts(layers).parameters, parameters)
      const weighted = layers.filter((layer) => layer.weights.length > 0)
      assert.equal(sha256(weighted.map((layer) => layer.weights.map(({ shape }) => shape))), weights)
      // Keras has the classifier's softmax in the dense layer.
      assert.equal(sha256(layers.filter((layer) => layer.name !== 'predictions_softmax').map(({ outputShape }) => outputShape)), outputs)
    })
  }

  test('a width of 0.25 is MobileNet\'s alpha', () => assert.equal(counts('mobilenet?width=0.25&size=128').parameters, 475_544))
})

suite('modules on the way from Inception to Xception', () => {
  test('segments are as equal as they go, and their spatial convolutions stay within them', () => {
    const module = moduleOf('inception-segments-3')
    const slices = module.flatMap(({ operation }) => operation.kind === 'channelSlice' ? [[operation.start, operation.end]] : [])
    assert.deepEqual(slices, [[0, 243], [243, 486], [486, 728]])
    assert.deepEqual(filtersOf(module), [728, 243, 243, 242])
    assert.equal(count(module, 'concatenate'), 1)
  })

  test('any number of segments adds up to all channels', () => {
    for (const segments of [2, 5, 100, 727]) {
      const [first, ...others] = filtersOf(moduleOf(`inception-segments-${segments}?size=71`))
      assert.equal(first, 728)
      assert.equal(others.length, segments)
      assert.equal(others.reduce((sum, filters) => sum + filters), 728)
      assert.ok(Math.max(...others) - Math.min(...others) <= 1)
    }
  })

  test('one segment is a plain convolution', () => {
    const module = ['convolution', 'batchNormalization', 'activation']
    assert.deepEqual(kinds(moduleOf('inception-segments-1')), [...module, ...module])
    assert.equal(counts('inception-segments-1').parameters, 221_483_432)
  })

  test('as many segments as channels are the extreme module: 1x1 first, then one spatial convolution a channel, ReLU after both', () => {
    const module = moduleOf('inception-extreme')
    const after = ['batchNormalization', 'activation']
    assert.deepEqual(kinds(module), ['convolution', ...after, 'depthwiseConvolution', ...after])
    assert.deepEqual(module[0]?.operation.kind === 'convolution' ? module[0].operation.kernel : [], [1, 1])
    assert.deepEqual(moduleOf('inception-segments-728').map(({ operation }) => operation), module.map(({ operation }) => operation))
  })

  test('towers that each have a 1x1 convolution cost what one 1x1 convolution and segments cost', () => {
    const module = moduleOf('inception-simplified')
    assert.equal(count(module, 'channelSlice') + count(module, 'averagePooling') + count(module, 'maxPooling'), 0)
    assert.deepEqual(filtersOf(module), [243, 243, 243, 243, 242, 242])
    assert.deepEqual(counts('inception-simplified'), counts('inception-segments-3'))
  })

  test('more segments cost less, and the extreme version about what Xception does', () => {
    const costs = ['inception-segments-1', 'inception-segments-2', 'inception-segments-3', 'inception-segments-8', 'inception-extreme']
      .map((name) => counts(name).multiplyAdds)
    assert.deepEqual(costs, costs.toSorted((left, right) => right - left))
    assert.ok(Math.abs(counts('inception-extreme').multiplyAdds / counts('xception').multiplyAdds - 1) < 0.01)
  })

  test('Xception\'s variants differ in what they are named after', () => {
    const between = (name: string): string[] =>
      moduleOf(name).map(({ operation }) => operation.kind === 'activation' ? operation.activation.function : operation.kind)
    assert.deepEqual(between('xception'), ['relu', 'separableConvolution', 'batchNormalization'])
    assert.deepEqual(between('xception-relu'), ['relu', 'depthwiseConvolution', 'relu', 'convolution', 'batchNormalization'])
    assert.deepEqual(between('xception-elu'), ['relu', 'depthwiseConvolution', 'elu', 'convolution', 'batchNormalization'])
    assert.equal(count(network('xception').layers, 'add'), 12)
    assert.equal(count(network('xception-plain').layers, 'add'), 0)
    assert.equal(counts('xception-relu').parameters, counts('xception').parameters)
  })

  test('every convolution of the VGG-like stack is a separable one', () => {
    const { layers } = network('vgg-separable')
    assert.equal(count(layers, 'separableConvolution'), 13)
    assert.equal(count(layers, 'convolution') + count(layers, 'add'), 0)
  })

  test('Inception V3 normalizes without scale, MobileNet cuts at 6 and pads by hand where it halves the grid', () => {
    const scales = network('inception-v3').layers
      .flatMap(({ operation }) => operation.kind === 'batchNormalization' ? [operation.scale] : [])
    assert.deepEqual(new Set(scales), new Set([false]))
    const { layers } = network('mobilenet')
    assert.equal(count(layers, 'zeroPadding'), 4)
    const activations = layers.flatMap(({ operation }) => operation.kind === 'activation' ? [operation.activation] : [])
    assert.deepEqual(activations.slice(0, -1), activations.slice(1).map(() => ({ function: 'relu', maximum: 6 })))
  })
})

suite('options', () => {
  for (const name of presetNames()) {
    test(`${name} in small`, () => {
      const { input, layers } = network(`${name}?width=0.1&size=96&classes=7&stem=1`)
      assert.equal(input.side, 96)
      assert.equal(outputUnits({ layers }), 7)
      const first = layers.find(({ operation }) => operation.kind === 'convolution' || operation.kind === 'separableConvolution')
      assert.deepEqual(first !== undefined && 'strides' in first.operation ? first.operation.strides : [], [1, 1])
      assert.ok(totalCounts(layers).parameters < totalCounts(network(name).layers).parameters / 10)
    })
  }

  test('filters are rounded to the nearest whole number', () => {
    const [first, second] = filtersOf(network('xception?width=0.05').layers)
    // 1.6 and 3.2.
    assert.deepEqual([first, second], [2, 3])
  })

  test('a choice is written as it is read, in one order', () => {
    assert.equal(presetText(parsePreset('xception?stem=1&width=.5')), 'xception?width=0.5&stem=1')
    assert.equal(presetText(parsePreset('inception-segments-12')), 'inception-segments-12')
  })

  test('the smallest size that leaves a pixel is taken, and said where a smaller one is asked for', () => {
    for (const name of presetNames()) {
      const refusal = messageOf(`${name}?size=1`)
      // Where all windows are padded, one pixel stays one.
      if (refusal === undefined) continue
      const [, smallest] = /size takes (\d+) or more/.exec(refusal) ?? []
      assert.ok(Number(smallest) > 1, `${name}: ${refusal}`)
      assert.equal(messageOf(`${name}?size=${smallest}`), undefined)
      assert.match(String(messageOf(`${name}?size=${Number(smallest) - 1}`)), /leaves no pixel/)
    }
  })

  for (const [text, message] of [
    ['resnet', /^there is no preset resnet: there are inception-v3, .*inception-segments-K/],
    ['', /^there is no preset without a name/],
    ['constructor', /^there is no preset constructor/],
    ['inception-segments-0', /^there is no preset inception-segments-0/],
    ['xception?depth=3', /^depth is no option of a preset: it takes width, size, classes, stem$/],
    ['xception?width=0.5&width=1', /^width is given twice$/],
    ['xception?width=0', /^width=0 is not allowed: width takes a number above 0, at most 8$/],
    ['xception?width=1e3', /^width=1e3 is not allowed/],
    ['xception?width=9', /^width=9 is not allowed/],
    ['xception?width=0.01', /^width=0.01 leaves no filter of a layer's 32: width takes 0.015625 or more here$/],
    ['xception?size=64.5', /^size=64.5 is not allowed: size takes a whole number from 1 to 4096$/],
    ['xception?size=', /^size= is not allowed/],
    ['xception?classes=1', /^classes=1 is not allowed: classes takes a whole number from 2 to 100000$/],
    ['xception?stem=0', /^stem=0 is not allowed: stem takes a whole number from 1 to 4$/]
  ] as const) {
    test(`refused: ${text}`, () => assert.match(String(messageOf(text)), message))
  }

  test('a choice that was not read from text is checked too', () => {
    assert.throws(() => presetNetwork({ name: 'xception', width: -1 }, { scale: 1, offset: 0 }), /^OperatorError: width=-1 is not allowed/)
  })
})

function messageOf (text: string): string | undefined {
  try {
    network(text)
    return undefined
  } catch (error) {
    return (error as Error).message
  }
}
