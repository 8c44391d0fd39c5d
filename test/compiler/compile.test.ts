import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { XCEPTION, parseArchitecture, type Architecture } from '../../src/model/architecture.js'
import { SupervisedWorker } from '../../src/engine/supervised-worker.js'
import { xceptionNetwork } from '../../src/model/presets/xception.js'
import { compile, type Precision } from '../../src/compiler/index.js'
import type { Rescaling } from '../../src/model/input.js'
import type { Tensor, Weights } from '../../src/model/weights.js'
import { Random } from '../../src/base/random.js'
import { referenceProbabilities, type WeightSource } from '../support/reference-network.js'

/** The paper's shape with few filters. */
const SMALL: Architecture = {
  ...XCEPTION,
  inputSize: 40,
  stem: { filters: [6, 8], strides: [2, 1], padding: 'valid' },
  entryFilters: [10, 12],
  middle: { filters: 12, repeats: 2 },
  exitFilters: [12, 14, 16, 18],
  head: [{ type: 'globalAveragePooling' }, { type: 'dense', name: 'predictions', units: 5, activation: 'softmax' }]
}
const RESCALING: Rescaling = { scale: 2 / 255, offset: -1 }

interface Case {
  readonly name: string
  readonly architecture: Partial<Architecture>
  readonly rescaling?: Rescaling
}

const CASES: readonly Case[] = [
  { name: 'valid stem of stride 2, one rescaling a channel', architecture: {}, rescaling: { scale: [0.017, 0.018, 0.019], offset: [-2.1, -2.0, -1.8] } },
  {
    name: 'same-padded stem, ReLU between depthwise and pointwise, batch normalization and two dense layers',
    architecture: {
      inputSize: 32,
      stem: { filters: [6, 8], strides: [1, 1], padding: 'same' },
      intermediateActivation: 'relu',
      head: [
        { type: 'globalAveragePooling' },
        { type: 'batchNormalization', name: 'head_bn', epsilon: 1e-2 },
        { type: 'dense', name: 'hidden', units: 9, activation: 'relu' },
        { type: 'dense', name: 'probabilities', units: 5, activation: 'softmax' }
      ]
    }
  },
  {
    name: 'same-padded stem of stride 2 on an even size, ELU, global maximum pooling, several sigmoids',
    architecture: {
      inputSize: 36,
      stem: { filters: [6, 8], strides: [2, 1], padding: 'same' },
      intermediateActivation: 'elu',
      head: [{ type: 'globalMaxPooling' }, { type: 'dense', name: 'tags', units: 4, activation: 'sigmoid' }]
    }
  },
  {
    name: 'no residual connections, middle flow of other width, flatten, one sigmoid unit',
    architecture: {
      inputSize: 33,
      residual: false,
      middle: { filters: 9, repeats: 1 },
      head: [{ type: 'flatten' }, { type: 'dense', name: 'is positive', units: 1, activation: 'sigmoid' }]
    }
  },
  {
    name: 'no middle flow, normalization and activation of the feature map, an activation layer at the end',
    architecture: {
      inputSize: 35,
      middle: { filters: 12, repeats: 0 },
      head: [
        { type: 'batchNormalization', name: 'map_bn', epsilon: 1e-3 },
        { type: 'activation', activation: 'elu' },
        { type: 'globalAveragePooling' },
        { type: 'dense', name: 'logits', units: 3, activation: 'linear' },
        { type: 'activation', activation: 'softmax' }
      ]
    }
  }
]

suite('a compiled network agrees with a naive one in float64', () => {
  for (const { name, architecture, rescaling = RESCALING } of CASES) {
    test(name, async () => {
      const { expected, run } = network({ ...SMALL, ...architecture }, rescaling)
      assert.ok(isLively(expected), `probabilities that tell something: ${JSON.stringify(expected)}`)
      const [single, three] = await run('float32')
      assert.ok(largestDifference(single, expected.slice(0, 1)) < 1e-5)
      assert.ok(largestDifference(three, expected) < 1e-5)
    })
  }

  // A bfloat16 number has 8 significant bits: rounding to it is off by 0.4 % of the number at most, by 0.1 % on average. Thirty roundings in
  // a row, added up as independent ones, make 1 % of a logit; logits here are a few units, and a probability moves by a quarter of what its logit does.
  test('in bfloat16, as near as its 8 bits allow', async () => {
    const { expected, run } = network(SMALL, RESCALING)
    const [, three] = await run('bfloat16')
    const difference = largestDifference(three, expected)
    assert.ok(difference < 0.01, `largest difference ${difference}`)
    assert.ok(difference > 1e-5, 'computed in bfloat16')
  })
})

/** Seeded weights and images for a network, what the reference gives for the images, and the compiled network to run. */
function network (given: Architecture, rescaling: Rescaling): { expected: number[][], run: (precision: Precision) => Promise<[Float32Array, Float32Array]> } {
  const architecture = parseArchitecture(given)
  const { weights, source } = livelyWeights(new Random(1))
  const images = [1, 2, 3].map((seed) => photo(architecture.inputSize, new Random(seed)))
  const [scale, offset] = [rescaling.scale, rescaling.offset].map((value) => typeof value === 'number' ? [value, value, value] : value) as [number[], number[]]
  const expected = images.map((image) => referenceProbabilities(architecture, image, scale, offset, source))
  return {
    expected,
    run: async (precision) => {
      const folder = await mkdtemp(join(tmpdir(), 'xception-test-'))
      const engine = new SupervisedWorker({ path: folder, imageBytes: architecture.inputSize ** 2 * 3, warmUpBatchSizes: [] })
      try {
        await writeFile(join(folder, 'saved_model.pb'), compile({ network: xceptionNetwork(architecture, rescaling), weights, precision }))
        await engine.start()
        const batch = async (size: number): Promise<Float32Array> => (await engine.run(images.slice(0, size).map((image) => image.slice()))).probabilities
        return [await batch(1), await batch(3)]
      } finally {
        await engine.close()
        await rm(folder, { recursive: true })
      }
    }
  }
}

/** Makes each weight when the reference first asks for it, so that names and shapes are the reference's own. */
function livelyWeights (random: Random): { weights: Weights, source: WeightSource } {
  const weights = new Map<string, Tensor>()
  const source: WeightSource = (name, shape) => {
    const known = weights.get(name)
    if (known !== undefined) return known.data
    const size = shape.reduce((product, length) => product * length, 1)
    const data = Float32Array.from({ length: size }, () => livelyValue(name, shape, random))
    weights.set(name, { shape, data })
    return data
  }
  return { weights, source }
}

function livelyValue (name: string, shape: readonly number[], random: Random): number {
  switch (name.slice(name.lastIndexOf('/') + 1)) {
    case 'gamma': return random.uniform(0.6, 1.4)
    case 'moving_variance': return random.uniform(0.5, 2)
    case 'beta': case 'moving_mean': case 'bias': return random.normal(0.3)
    case 'depthwise_kernel': return random.normal(0.4)
    // He's initialization: the inputs are all dimensions but the last. The last layer gets less, so that probabilities stay off 0 and 1.
    default: return random.normal((shape.length === 2 && !name.startsWith('hidden/') ? 0.2 : 1) * Math.sqrt(2 / shape.slice(0, -1).reduce((product, length) => product * length, 1)))
  }
}

/** An image of smooth waves, so that images differ after pooling too. */
function photo (side: number, random: Random): Uint8Array<ArrayBuffer> {
  const waves = [0, 1, 2].map(() => ({ x: random.uniform(0, 0.5), y: random.uniform(0, 0.5), phase: random.uniform(0, 6), mean: random.uniform(60, 190) }))
  return Uint8Array.from({ length: side * side * 3 }, (_, index) => {
    const { x, y, phase, mean } = waves[index % 3] ?? { x: 0, y: 0, phase: 0, mean: 0 }
    const pixel = Math.floor(index / 3)
    return Math.max(0, Math.min(255, mean + 60 * Math.sin(x * (pixel % side) + y * Math.floor(pixel / side) + phase)))
  })
}

/** False where a wrong network could pass by chance: all images alike, or every probability 0 or 1. */
function isLively (probabilities: readonly number[][]): boolean {
  const [first = [], ...others] = probabilities
  return others.every((other) => largestDifference(Float32Array.from(other), [first]) > 0.01) &&
    probabilities.every((row) => row.some((probability) => probability > 0.02 && probability < 0.98))
}

function largestDifference (found: Float32Array, expected: readonly number[][]): number {
  const flat = expected.flat()
  assert.equal(found.length, flat.length)
  return Math.max(...flat.map((value, index) => Math.abs(value - (found[index] ?? NaN))))
}
