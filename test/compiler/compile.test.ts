import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { Random } from '../../src/base/random.js'
import { compile, type Target } from '../../src/compiler/index.js'
import type { Architecture } from '../../src/model/architecture.js'
import type { Rescaling } from '../../src/model/input.js'
import { loadCompiled } from '../support/compiled-network.js'
import { wavyPicture } from '../support/pictures.js'
import { referenceProbabilities } from '../support/reference-network.js'
import { smallXception } from '../support/small-xception.js'
import { targets } from '../support/targets.js'

interface Case {
  readonly name: string
  readonly architecture: Partial<Architecture>
  readonly rescaling?: Rescaling
}

const CASES: readonly Case[] = [
  {
    name: 'valid stem of stride 2, one rescaling a channel',
    architecture: {},
    rescaling: { scale: [0.017, 0.018, 0.019], offset: [-2.1, -2.0, -1.8] }
  },
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
  for (const { name, architecture, rescaling } of CASES) {
    test(name, async () => {
      const { expected, run } = prepare(architecture, rescaling)
      assert.ok(isLively(expected), `probabilities that tell something: ${JSON.stringify(expected)}`)
      for (const target of targets('float32')) {
        const [single, three] = await run(target)
        assert.ok(largestDifference(single, expected.slice(0, 1)) < 1e-5)
        assert.ok(largestDifference(three, expected) < 1e-5)
      }
    })
  }

  // A bfloat16 number has 8 significant bits: rounding to it is off by 0.4 % of the number at most, by 0.1 % on average. Thirty
  // roundings in a row, added up as independent ones, make 1 % of a logit; logits here are a few units, and a probability moves by a
  // quarter of what its logit does.
  test('in bfloat16, as near as its 8 bits allow', async () => {
    const { expected, run } = prepare()
    for (const target of targets('bfloat16')) {
      const [, three] = await run(target)
      const difference = largestDifference(three, expected)
      assert.ok(difference < 0.01, `largest difference ${difference}`)
      assert.ok(difference > 1e-5, 'computed in bfloat16')
    }
  })
})

interface Prepared {
  readonly expected: number[][]
  /** Probabilities of the first image, and of all three. */
  readonly run: (target: Target) => Promise<[Float32Array, Float32Array]>
}

/** Seeded weights and images for a network, what the reference gives for the images, and the compiled network to run. */
function prepare (changes?: Partial<Architecture>, rescaling?: Rescaling): Prepared {
  const { network, weights } = smallXception(changes, rescaling)
  const { side, channels } = network.input
  const images = [1, 2, 3].map((seed) => wavyPicture(side, channels, new Random(seed)))
  return {
    expected: images.map((image) => referenceProbabilities(network, weights, image)),
    run: async (target) => {
      const compiled = await loadCompiled(compile({ network, weights, ...target }), [side, channels])
      try {
        const batch = (size: number): Float32Array => {
          const { probabilities } = compiled.run({ images: images.slice(0, size) })
          return probabilities?.data ?? new Float32Array()
        }
        return [batch(1), batch(3)]
      } finally {
        compiled.dispose()
      }
    }
  }
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
