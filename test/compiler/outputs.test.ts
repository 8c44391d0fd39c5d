import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { compile, type Precision } from '../../src/compiler/index.js'
import { topK } from '../../src/model/labels.js'
import { outputUnits, type Network, type Operation } from '../../src/model/network.js'
import { networkOutputs } from '../../src/model/outputs.js'
import type { Weights } from '../../src/model/weights.js'
import { loadCompiled, type CompiledNetwork, type Output } from '../support/compiled-network.js'
import { HEADS, RELU, SIDE, SOFTMAX, UNITS, average, dense, expectedBias, prepare } from '../support/heads.js'
import { referenceInput, referenceProbabilities, referenceValues, type FeatureMap } from '../support/reference-network.js'

const ALL = ['features', 'feature_map', 'maps'] as const

suite('named outputs', () => {
  for (const [name, { layers, pooled }] of Object.entries(HEADS)) {
    test(`${name}: features are the mean of the feature map, and maps with the bias are the logits`, async () => {
      const { network, weights, images } = prepare(layers)
      const outputs = await run(network, weights, 'float32', (compiled) => compiled.run({ images, wanted: ALL, mapCount: 2 }))
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
      assertMostProbable(outputs.top_maps as Output, maps, outputs.probabilities as Output, 2)
      assert.ok(means.some((row) => Math.abs((row[0] ?? 0) - (means[0]?.[0] ?? 0)) > 1e-3), 'maps that tell images apart')
    })
  }

  test('what is not wanted is empty, and the probabilities are the same', async () => {
    const { network, weights, images } = prepare(HEADS['one dense layer'].layers)
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
        assert.deepEqual(outputs.top_maps?.shape, [0, SIDE, SIDE, 0])
      }
    })
  })

  for (const precision of ['float32', 'bfloat16'] as const) {
    for (const { channels, order } of [{ channels: 3 }, { channels: 3, order: 'bgr' }, { channels: 1 }] as const) {
      test(`values give what bytes give, ${channels} channels${order === undefined ? '' : ', blue first'}, ${precision}`, async () => {
        const { network, weights, images } = prepare(HEADS['one dense layer'].layers, channels, order)
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

async function run<T> (network: Network, weights: Weights, precision: Precision, use: (compiled: CompiledNetwork) => T): Promise<T> {
  const { side, channels } = network.input
  const compiled = await loadCompiled(compile({ network, weights, precision, ownKernels: false }), [side, channels])
  try {
    return use(compiled)
  } finally {
    compiled.dispose()
  }
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

/** The maps of the most probable classes are those of their units; a single one is for the second class and against the first. */
function assertMostProbable (found: Output, { shape, data }: Output, probabilities: Output, k: number): void {
  const [images = 0, height = 0, width = 0, units = 0] = shape
  const classes = probabilities.shape[1] ?? 0
  const expected = Array.from({ length: images }, (_, image) => {
    const ranked = topK(probabilities.data.subarray(image * classes, (image + 1) * classes), [], k)
    return Array.from({ length: height * width }, (_, at) => ranked.map(({ classId }) => {
      const row = (image * height * width + at) * units
      return units > 1 ? data[row + classId] ?? NaN : (data[row] ?? NaN) * (classId === 1 ? 1 : -1)
    }))
  })
  assert.deepEqual(found.shape, [images, height, width, k])
  assertNearNumbers([...found.data], expected.flat(2))
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
