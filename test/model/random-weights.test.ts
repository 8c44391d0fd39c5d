import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { presetNetwork } from '../../src/model/presets/index.js'
import { NetworkBuilder } from '../../src/model/network-builder.js'
import { randomWeights } from '../../src/model/random-weights.js'
import { sizeOf } from '../../src/model/weights.js'

const rescaling = { scale: 1 / 127.5, offset: -1 }

suite('random weights', () => {
  const network = presetNetwork({ name: 'inception-segments-3', width: 0.1, size: 71, classes: 5 }, rescaling)
  const weights = randomWeights(network)

  test('are there for every weight, in its shape', () => {
    const specs = network.layers.flatMap((layer) => layer.weights)
    assert.equal(weights.size, specs.length)
    for (const { name, shape } of specs) {
      assert.deepEqual(weights.get(name)?.shape, shape)
      assert.equal(weights.get(name)?.data.length, sizeOf(shape))
    }
  })

  test('are the same every time', () => assert.deepEqual(randomWeights(network), weights))

  test('have positive variances and gammas', () => {
    const positive = [...weights].filter(([name]) => /gamma|variance/.test(name))
    assert.ok(positive.length > 0 && positive.every(([, { data }]) => data.every((value) => value > 0)))
  })

  test('have He\'s variance after a ReLU and one over the fan-in before any', () => {
    const builder = new NetworkBuilder({ side: 8, channels: 3, rescaling: { scale: 1 / 255 * Math.sqrt(3), offset: 0 } })
    const convolution = (name: string): string => builder.add({
      name,
      inputs: [builder.last],
      operation: {
        kind: 'convolution', filters: 256, groups: 1, bias: false, kernel: [3, 3], strides: [1, 1], dilation: [1, 1], padding: 'same'
      }
    })
    convolution('first')
    builder.add({ name: 'relu', inputs: ['first'], operation: { kind: 'activation', activation: { function: 'relu' } } })
    convolution('second')
    convolution('classifier')
    const tensors = randomWeights(builder.build())
    const variance = (name: string): number => {
      const { data } = tensors.get(`${name}/kernel`) ?? { data: new Float32Array() }
      return data.reduce((sum, value) => sum + value * value, 0) / data.length
    }
    // Pixels between 0 and the square root of 3 have a mean square of 1.
    assert.ok(Math.abs(variance('first') * 27 - 1) < 0.05)
    assert.ok(Math.abs(variance('second') * 9 * 256 - 2) < 0.05)
  })
})
