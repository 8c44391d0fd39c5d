import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { Random } from '../../src/base/random.js'
import { compile, type Precision } from '../../src/compiler/index.js'
import { NetworkBuilder } from '../../src/model/network-builder.js'
import { outputUnits, type Network, type Operation } from '../../src/model/network.js'
import { networkOutputs } from '../../src/model/outputs.js'
import { sizeOf, type Weights } from '../../src/model/weights.js'
import { loadCompiled, type CompiledNetwork, type Output } from '../support/compiled-network.js'
import { wavyPicture } from '../support/pictures.js'
import { referenceInput, referenceLayer, referenceProbabilities, referenceValues, type FeatureMap } from '../support/reference-network.js'

const SIDE = 12
const UNITS = 4
const ALL = ['features', 'feature_map', 'maps'] as const
const WINDOW = { groups: 1, bias: true, strides: [1, 1], dilation: [1, 1], padding: 'same' } satisfies Partial<Operation>
const NORMALIZATION: Operation = { kind: 'batchNormalization', epsilon: 1e-3, scale: true, center: true }
const convolution = (filters: number, side: number): Operation => ({ kind: 'convolution', filters, kernel: [side, side], ...WINDOW })
const average = (keepDimensions: boolean): Operation => ({ kind: 'globalAveragePooling', keepDimensions })
const dense = (units: number): Operation => ({ kind: 'dense', units, bias: true })
const SOFTMAX: Operation = { kind: 'activation', activation: { function: 'softmax' } }
const RELU: Operation = { kind: 'activation', activation: { function: 'relu' } }

/** What stands after a convolution of 6 filters; the layer whose values are the logits is the last but one. */
const HEADS: Readonly<Record<string, { readonly layers: readonly Operation[], readonly pooled: number }>> = {
  'one dense layer': { layers: [RELU, average(false), dense(UNITS), SOFTMAX], pooled: 0 },
  'batch normalization and arithmetic around a dense layer': {
    layers: [RELU, average(false), NORMALIZATION, dense(UNITS), { kind: 'affine', scale: 1.5, offset: 0.25 }, SOFTMAX], pooled: 0
  },
  'a 1x1 convolution on kept dimensions': {
    layers: [RELU, average(true), NORMALIZATION, convolution(UNITS, 1), { kind: 'reshape', shape: [UNITS] }, SOFTMAX], pooled: 0
  },
  'arithmetic that is folded into nothing': {
    layers: [RELU, average(true), { kind: 'affine', scale: 0.5, offset: 1 }, { kind: 'flatten' }, dense(UNITS), SOFTMAX], pooled: 0
  },
  'a map of the classes that is pooled': { layers: [RELU, convolution(UNITS, 3), average(false), SOFTMAX], pooled: 1 },
  'a map of the classes that is normalized and pooled': {
    layers: [RELU, convolution(UNITS, 3), NORMALIZATION, average(false), SOFTMAX], pooled: 2
  },
  'one sigmoid unit': { layers: [RELU, average(false), dense(1), { kind: 'activation', activation: { function: 'sigmoid' } }], pooled: 0 }
}

suite('named outputs', () => {
  for (const [name, { layers, pooled }] of Object.entries(HEADS)) {
    test(`${name}: features are the mean of the feature map, and maps with the bias are the logits`, async () => {
      const { network, weights, images } = prepare(layers)
      const outputs = await run(network, weights, 'float32', (compiled) => compiled.run({ images, wanted: ALL }))
      const values = images.map((image) => referenceValues(network, weights, image))
      // The input and the first convolution stand before the head.
      const pooledName = network.layers[2 + pooled]?.name ?? ''
      const map = outputs.feature_map as Output
      assertNear(map, values.map((value) => value.get(pooledName) as FeatureMap))
      assertEqualMeans(map, outputs.features as Output)

      const maps = outputs.maps as Output
      const [height, width] = map.shape.slice(1)
      assert.deepEqual(maps.shape, [images.length, height, width, outputUnits(network)])
      const logits = values.map((value) => [...value.get(network.layers.at(-2)?.name ?? '')?.data ?? []])
      const means = meansOf(maps)
      const biases = logits.map((row, image) => row.map((logit, unit) => logit - (means[image]?.[unit] ?? NaN)))
      for (const row of biases) assertNearNumbers(row, expectedBias(network, weights))
      assert.ok(means.some((row) => Math.abs((row[0] ?? 0) - (means[0]?.[0] ?? 0)) > 1e-3), 'maps that tell images apart')
    })
  }

  test('what is not wanted is empty, and the probabilities are the same', async () => {
    const { network, weights, images } = prepare(HEADS['one dense layer']?.layers ?? [])
    await run(network, weights, 'float32', (compiled) => {
      const whole = compiled.run({ images, wanted: ALL })
      for (let mask = 0; mask < 8; mask++) {
        const wanted = ALL.filter((_, index) => (mask >> index & 1) === 1)
        const outputs = compiled.run({ images, wanted })
        assert.deepEqual(outputs.probabilities, whole.probabilities)
        for (const name of ALL) {
          if (wanted.includes(name)) assert.deepEqual(outputs[name], whole[name])
          else assert.deepEqual(outputs[name]?.shape, [0, ...whole[name]?.shape.slice(1) ?? []])
        }
      }
    })
  })

  for (const precision of ['float32', 'bfloat16'] as const) {
    for (const { channels, order } of [{ channels: 3 }, { channels: 3, order: 'bgr' }, { channels: 1 }] as const) {
      test(`values give what bytes give, ${channels} channels${order === undefined ? '' : ', blue first'}, ${precision}`, async () => {
        const { network, weights, images } = prepare(HEADS['one dense layer']?.layers ?? [], channels, order)
        const values = images.map((image) => Float32Array.from(referenceInput(network, image).data))
        const [fromBytes, fromValues] = await run(network, weights, precision, (compiled) => (
          [compiled.run({ images, wanted: ALL }), compiled.run({ values, wanted: ALL })]
        ))
        const tolerance = precision === 'float32' ? 1e-5 : 0.01
        for (const name of ['probabilities', ...ALL]) {
          const [left, right] = [fromBytes[name] as Output, fromValues[name] as Output]
          assert.deepEqual(left.shape, right.shape)
          for (const [index, value] of left.data.entries()) {
            assert.ok(Math.abs(value - (right.data[index] ?? NaN)) < tolerance * Math.max(1, Math.abs(value)), name)
          }
        }
        const expected = images.flatMap((image) => referenceProbabilities(network, weights, image))
        assert.ok(expected.every((value, index) => Math.abs(value - (fromBytes.probabilities?.data[index] ?? NaN)) < tolerance))
      })
    }
  }

  test('a network without global pooling gives probabilities only, and says why', async () => {
    const { network, weights, images } = prepare([{ kind: 'flatten' }, dense(UNITS), SOFTMAX])
    const outputs = await run(network, weights, 'float32', (compiled) => compiled.run({ images }))
    assert.deepEqual(Object.keys(outputs), ['probabilities'])
    const reason = 'the layer layer1 (flatten) reads a feature map that is not pooled globally'
    assert.deepEqual(networkOutputs(network).features, { reason })
  })

  test('maps are refused where they are not exact, and the rest stays', async () => {
    const cases: ReadonlyArray<readonly [Operation[], string]> = [
      [
        [{ kind: 'globalMaxPooling', keepDimensions: false }, dense(UNITS), SOFTMAX],
        'a maximum is not the mean of what the classifier gives at each position'
      ],
      [[average(false), dense(5), RELU, dense(UNITS), SOFTMAX], 'the layer layer3 (activation) between it and the end is not linear']
    ]
    for (const [layers, reason] of cases) {
      const { network, weights, images } = prepare(layers)
      const offers = networkOutputs(network)
      assert.deepEqual(offers.maps, { reason: `the layer layer1 (${layers[0]?.kind}) is the pooling, and ${reason}` })
      assert.deepEqual(offers.featureMap, { shape: [SIDE, SIDE, 6] })
      const outputs = await run(network, weights, 'float32', (compiled) => compiled.run({ images, wanted: ALL }))
      assert.deepEqual(Object.keys(outputs).sort(), ['feature_map', 'features', 'probabilities'])
      assert.deepEqual(outputs.features?.shape, [3, 6])
    }
  })
})

interface Prepared { readonly network: Network, readonly weights: Weights, readonly images: ReadonlyArray<Uint8Array<ArrayBuffer>> }

function prepare (head: readonly Operation[], channels: 1 | 3 = 3, order?: 'bgr'): Prepared {
  const random = new Random(7)
  const rescaling = { scale: 1 / 127.5, offset: channels === 3 ? [-1, -0.9, -1.1] : -1, ...order === undefined ? {} : { order } }
  const builder = new NetworkBuilder({ side: SIDE, channels, rescaling })
  ;[convolution(6, 3), ...head].forEach((operation, index) => builder.add({ name: `layer${index}`, operation, inputs: [builder.last] }))
  const network = builder.build()
  const number = (role: string): number => role === 'moving_variance' ? random.uniform(0.5, 1.5) : random.normal(0.4)
  const weights = new Map(network.layers.flatMap((layer) => layer.weights.map(({ role, name, shape }) => (
    [name, { shape, data: Float32Array.from({ length: sizeOf(shape) }, () => number(role)) }] as const
  ))))
  return { network, weights, images: [0, 1, 2].map(() => wavyPicture(SIDE, channels, random)) }
}

async function run<T> (network: Network, weights: Weights, precision: Precision, use: (compiled: CompiledNetwork) => T): Promise<T> {
  const compiled = await loadCompiled(compile({ network, weights, precision }), [network.input.side, network.input.channels])
  try {
    return use(compiled)
  } finally {
    compiled.dispose()
  }
}

/** The logits of a feature map of zeros, or what a pooled convolution adds everywhere. */
function expectedBias (network: Network, weights: Weights): number[] {
  const firstOfHead = network.layers.findIndex(({ operation }) => operation.kind === 'globalAveragePooling')
  const hasClassifier = network.layers.length - firstOfHead > 2
  // Where the class map itself is pooled, its convolution sees zeros; the layer before it is the ReLU.
  const zeroed = network.layers[hasClassifier ? firstOfHead - 1 : 2]?.name ?? ''
  const values = new Map<string, FeatureMap>()
  const [height, width, channels] = network.layers.find(({ name }) => name === zeroed)?.outputShape as [number, number, number]
  values.set(zeroed, { height, width, channels, data: new Float64Array(height * width * channels) })
  for (const layer of network.layers.slice(network.layers.findIndex(({ name }) => name === zeroed) + 1)) {
    values.set(layer.name, referenceLayer(layer, layer.inputs.map((input) => values.get(input) as FeatureMap), weights))
  }
  return [...values.get(network.layers.at(-2)?.name ?? '')?.data ?? []]
}

function assertNearNumbers (found: readonly number[], expected: readonly number[]): void {
  assert.equal(found.length, expected.length)
  expected.forEach((value, index) => assert.ok(Math.abs(value - (found[index] ?? NaN)) < 1e-5, `${found[index]} is not ${value}`))
}

function assertNear (found: Output, expected: readonly FeatureMap[]): void {
  const flat = expected.flatMap(({ data }) => [...data])
  assert.equal(found.data.length, flat.length)
  const largest = Math.max(...flat.map(Math.abs))
  flat.forEach((value, index) => assert.ok(Math.abs(value - (found.data[index] ?? NaN)) < 1e-5 * largest))
}

function assertEqualMeans (map: Output, features: Output): void {
  assertNearNumbers([...features.data], meansOf(map).flat())
}

/** Over height and width, by image and channel. */
function meansOf ({ shape, data }: Output): number[][] {
  const [images = 0, height = 0, width = 0, channels = 0] = shape
  const positions = height * width
  return Array.from({ length: images }, (_, image) => Array.from({ length: channels }, (_, channel) => {
    let sum = 0
    for (let position = 0; position < positions; position++) sum += data[(image * positions + position) * channels + channel] ?? NaN
    return sum / positions
  }))
}
