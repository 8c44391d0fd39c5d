import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { ServiceError } from '../../../src/base/errors.js'
import { networkOf } from '../../../src/model/network-builder.js'
import type { LayerStatement, OperationOf } from '../../../src/model/network.js'
import { randomWeights } from '../../../src/model/random-weights.js'
import { matrixOf } from '../../../src/train/head/matrix.js'
import { replaceHead } from '../../../src/train/head/replace-head.js'

const CONVOLUTION: Omit<OperationOf<'convolution'>, 'filters'> = {
  kind: 'convolution', groups: 1, bias: true, kernel: [3, 3], strides: [1, 1], dilation: [1, 1], padding: 'same'
}
const HEAD = { weights: matrixOf([[1, 2], [3, 4], [5, 6]]), bias: Float64Array.of(7, 8, 9) }

function network (keepDimensions: boolean, pooled = true): ReturnType<typeof networkOf> {
  const pooling: LayerStatement = pooled
    ? { name: 'pool', operation: { kind: 'globalAveragePooling', keepDimensions }, inputs: ['conv'] }
    : { name: 'pool', operation: { kind: 'flatten' }, inputs: ['conv'] }
  return networkOf({ side: 8, channels: 3, rescaling: { scale: 1, offset: 0 } }, [
    { name: 'conv', operation: { ...CONVOLUTION, filters: 2 }, inputs: ['input'] },
    { name: 'aside', operation: { ...CONVOLUTION, filters: 4 }, inputs: ['input'] },
    pooling,
    ...keepDimensions ? [{ name: 'flat', operation: { kind: 'flatten' as const }, inputs: ['pool'] }] : [],
    { name: 'head', operation: { kind: 'dense', units: 5, bias: true }, inputs: [keepDimensions ? 'flat' : 'pool'] },
    { name: 'end', operation: { kind: 'activation', activation: { function: 'softmax' } }, inputs: ['head'] }
  ])
}

suite('replacing a head', () => {
  test('keeps what the pooling is computed from, and puts the new classifier behind it', () => {
    const before = network(false)
    const weights = randomWeights(before)
    const replaced = replaceHead({ network: before, weights }, HEAD)
    assert.deepEqual(replaced.network.layers.map(({ name }) => name), ['input', 'conv', 'pool', 'head', 'head_softmax'])
    assert.deepEqual(replaced.network.layers.at(-1)?.outputShape, [3])
    assert.deepEqual([...replaced.weights.keys()].sort(), ['conv/bias', 'conv/kernel', 'head/bias', 'head/kernel'])
    assert.equal(replaced.weights.get('conv/kernel'), weights.get('conv/kernel'))
    assert.deepEqual(replaced.weights.get('head/kernel'), { shape: [2, 3], data: Float32Array.of(1, 3, 5, 2, 4, 6) })
    assert.deepEqual(replaced.weights.get('head/bias'), { shape: [3], data: Float32Array.of(7, 8, 9) })
  })

  test('makes a vector of pooled features that kept their dimensions', () => {
    const before = network(true)
    const { network: after } = replaceHead({ network: before, weights: randomWeights(before) }, HEAD)
    assert.deepEqual(after.layers.map(({ name }) => name), ['input', 'conv', 'pool', 'head_flatten', 'head', 'head_softmax'])
  })

  test('is refused where nothing is pooled', () => {
    const before = network(false, false)
    assert.throws(() => replaceHead({ network: before, weights: randomWeights(before) }, HEAD), (error: unknown) => (
      error instanceof ServiceError && error.code === 'not_embeddable'
    ))
  })
})
