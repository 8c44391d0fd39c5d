import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { Random } from '../../src/base/random.js'
import { fold } from '../../src/compiler/fold/fold.js'
import { compile, type Target } from '../../src/compiler/index.js'
import { lower } from '../../src/compiler/lower/lower.js'
import { chooseKernels } from '../../src/engine/kernels.js'
import type { Quantization } from '../../src/model/quantization.js'
import { channelsOf } from '../../src/model/shapes.js'
import { loadCompiled } from '../support/compiled-network.js'
import { quantizationFrom, quantizedReference } from '../support/quantized-network.js'
import { referenceProbabilities } from '../support/reference-network.js'
import { wavyPicture } from '../support/pictures.js'
import { smallXception } from '../support/small-xception.js'
import { targets } from '../support/targets.js'

const { network, weights } = smallXception()
const { side, channels } = network.input
const images = [1, 2, 3].map((seed) => wavyPicture(side, channels, new Random(seed)))
const folded = fold(network, weights)
const skip = chooseKernels('int8', 'cpu') === 'tensorflow' ? 'there are no kernels for int8 here' : false

suite('separable convolutions whose products are of int8', { skip }, () => {
  // Rounding levels and weights to 8 bits changes a probability by 0.003 here, and so does a shift that is off by half a level. A level
  // that float32 rounds the other way than float64 would be a hundredth of that.
  for (const { precision, ownTolerance, tolerance } of [
    { precision: 'float32', ownTolerance: 1e-4, tolerance: 0.01 },
    { precision: 'bfloat16', ownTolerance: 0.01, tolerance: 0.02 }
  ] as const) {
    test(`between ${precision} they give what the levels and integers mean`, async () => {
      const quantization = quantizationFrom(folded, images, (layer) => (
        Float32Array.from({ length: channelsOf(layer.outputShape) }, (_, filter) => filter % 2 / 20)
      ))
      const expected = images.flatMap((image) => quantizedReference(folded, quantization, image))
      for (const target of ownTargets(precision)) {
        const difference = largestDifference(await run({ ...target, quantization }), expected)
        assert.ok(difference < ownTolerance, `largest difference ${difference}`)
      }
    })

    test(`between ${precision} they are near those of the network itself, and not the same`, async () => {
      const quantization = quantizationFrom(folded, images, noCorrection)
      const expected = images.flatMap((image) => referenceProbabilities(network, weights, image))
      for (const target of ownTargets(precision)) {
        const difference = largestDifference(await run({ ...target, quantization }), expected)
        assert.ok(difference < tolerance && difference > 1e-4, `largest difference ${difference}`)
      }
    })
  }

  test('a channel without a range counts as its value, and what lies outside of one as its end', async () => {
    const quantization = new Map([...quantizationFrom(folded, images, noCorrection)].map(([name, layer]) => {
      const high = layer.high.map((value, channel) => channel % 3 === 0 ? layer.low[channel] ?? NaN : value * 0.8)
      return [name, { ...layer, high }]
    }))
    const expected = images.flatMap((image) => quantizedReference(folded, quantization, image))
    for (const target of ownTargets('float32')) {
      const difference = largestDifference(await run({ ...target, quantization }), expected)
      assert.ok(difference < 1e-4, `largest difference ${difference}`)
    }
  })
})

suite('which layers compute in int8', () => {
  const quantization = quantizationFrom(folded, images, noCorrection)
  const all = [...quantization.keys()]

  test('those of the quantization, and the others as without it', () => {
    const [first = '', ...others] = all
    const ofOthers = new Map([...quantization].filter(([name]) => name !== first))
    assert.deepEqual(quantizedLayers({ precision: 'float32', ownKernels: true, quantization: ofOthers }), others)
    assert.deepEqual(quantizedLayers({ precision: 'float32', ownKernels: true }), [])
  })

  test('none without own kernels', () => {
    assert.deepEqual(quantizedLayers({ precision: 'float32', ownKernels: false, quantization }), [])
  })

  test('not with ranges of another number of channels', () => {
    const short = new Map([...quantization].map(([name, layer]) => [name, { ...layer, low: layer.low.slice(1) }]))
    assert.throws(() => quantizedLayers({ precision: 'float32', ownKernels: true, quantization: short }), /does not fit its layer/)
  })

  /** By the constants that they read. */
  function quantizedLayers (target: Target): string[] {
    const { steps } = lower(folded, target)
    const ops = steps.filter((step) => step.op === 'XceptionSeparableConvolution' && step.quantized)
    const kernels = steps.filter(({ name, type }) => type === 'int8' && ops.some(({ inputs }) => inputs.includes(name)))
    assert.equal(kernels.length, ops.length)
    return kernels.map(({ name }) => name.slice(0, name.lastIndexOf('/')))
  }
})

function noCorrection ({ outputShape }: { readonly outputShape: Parameters<typeof channelsOf>[0] }): Float32Array {
  return new Float32Array(channelsOf(outputShape))
}

function ownTargets (precision: Target['precision']): readonly Target[] {
  return targets(precision).filter(({ ownKernels }) => ownKernels)
}

async function run (target: Target & { readonly quantization: Quantization }): Promise<Float32Array> {
  const compiled = await loadCompiled(compile({ network, weights, ...target }), [side, channels])
  try {
    return compiled.run({ images }).probabilities?.data ?? new Float32Array()
  } finally {
    compiled.dispose()
  }
}

function largestDifference (found: Float32Array, expected: readonly number[]): number {
  assert.equal(found.length, expected.length)
  return Math.max(...expected.map((value, index) => Math.abs(value - (found[index] ?? NaN))))
}
