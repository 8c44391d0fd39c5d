import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { Random } from '../../src/base/random.js'
import { compile, type Target } from '../../src/compiler/index.js'
import { Activation, Operation, type Layer, type Network } from '../../src/model/network.js'
import { loadCompiled } from '../support/compiled-network.js'
import type { LivelyNetwork } from '../support/random-draft.js'
import { RandomNetworks } from '../support/random-network.js'
import { referenceProbabilities } from '../support/reference-network.js'
import { targets } from '../support/targets.js'

/** As many as a minute allows on two cores, compiling and loading being most of it. */
const NETWORKS = 48
const MORE_NETWORKS = 600
const FLOAT32_TOLERANCE = 1e-5
const BFLOAT16_TOLERANCE = 0.01
/** Two images, so that a constant would not pass. */
const LEAST_DIFFERENCE = 0.05

const networks = new RandomNetworks(new Random(20161007))
const cases = Array.from({ length: NETWORKS }, () => networks.next())
// Networks that answer all alike are not taken, and with them what they were drawn with: more are drawn for what is missing.
for (let more = 0; more < MORE_NETWORKS && missingKinds().length > 0; more++) {
  const missing = missingKinds()
  const lively = networks.next()
  if (lively.network.layers.some((layer) => missing.includes(kindOf(layer)))) cases.push(lively)
}

suite('random networks of all operations', () => {
  for (const [index, lively] of cases.entries()) {
    const { network, weights, images } = lively
    const answers = images.map((image) => referenceProbabilities(network, weights, image))
    const expected = answers.flat()

    test(`${index}: ${network.layers.map(kindOf).join(', ')}`, async () => {
      const [first = [], ...others] = answers
      assert.ok(others.some((other) => largestDifference(other, first) > LEAST_DIFFERENCE), 'images that are told apart')
      const largest = Math.max(...expected)
      for (const target of targetsFor(network)) {
        const tolerance = target.precision === 'float32' ? FLOAT32_TOLERANCE * largest : BFLOAT16_TOLERANCE
        const difference = largestDifference(await probabilities(lively, target), expected)
        assert.ok(difference < tolerance, `${JSON.stringify(target)} is off by ${difference}`)
      }
    })
  }
})

test('the random networks have every operation and every non-linearity', () => {
  assert.deepEqual(missingKinds(), [])
})

function missingKinds (): string[] {
  const found = new Set(cases.flatMap(({ network }) => network.layers.map(kindOf)))
  // What computes nothing is drawn by nobody.
  const kinds = Operation.anyOf.map(({ properties: { kind } }) => kind.const)
    .filter((kind) => kind !== 'activation' && kind !== 'probabilities')
  const functions = Activation.anyOf.flatMap(({ properties }) => functionNames(properties.function))
  return [...kinds, ...functions].filter((name) => !found.has(name))
}

function functionNames (schema: { readonly const: string } | { readonly anyOf: ReadonlyArray<{ readonly const: string }> }): string[] {
  return 'anyOf' in schema ? schema.anyOf.map((one) => one.const) : [schema.const]
}

/** Own kernels only where there is something for them to compute: that is most of the time. */
function targetsFor ({ layers }: Network): readonly Target[] {
  const hasConvolution = layers.some(({ operation: { kind } }) => kind === 'separableConvolution' || kind === 'convolution')
  return [...targets('float32'), ...targets('bfloat16')].filter(({ ownKernels }) => !ownKernels || hasConvolution)
}

function kindOf ({ operation }: Layer): string {
  return operation.kind === 'activation' ? operation.activation.function : operation.kind
}

async function probabilities ({ network, weights, images }: LivelyNetwork, target: Target): Promise<Float32Array> {
  const { side, channels } = network.input
  const compiled = await loadCompiled(compile({ network, weights, ...target }), [side, channels])
  try {
    return compiled.run({ images }).probabilities?.data ?? new Float32Array()
  } finally {
    compiled.dispose()
  }
}

function largestDifference (found: ArrayLike<number>, expected: readonly number[]): number {
  assert.equal(found.length, expected.length)
  return Math.max(...expected.map((value, index) => Math.abs(value - (found[index] ?? NaN))))
}
