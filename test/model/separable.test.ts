import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { presetNetwork } from '../../src/model/presets/index.js'
import { separableCosts, type SeparableCost } from '../../src/model/separable.js'

const costs = (name: string): SeparableCost[] => separableCosts(presetNetwork({ name }, { scale: 1, offset: 0 }))

suite('the cost of separable layers beside standard convolutions', () => {
  for (const [name, layers] of [
    ['xception', 34], ['xception-relu', 34], ['xception-elu', 34], ['xception-plain', 34], ['vgg-separable', 13], ['mobilenet', 13]
  ] as const) {
    test(`${name}: 1/N + 1/Dk² is what is counted in each of ${layers} layers`, () => {
      const all = costs(name)
      assert.equal(all.length, layers)
      for (const { layer, predicted, counted } of all) assert.ok(Math.abs(predicted / counted - 1) < 1e-12, layer)
    })
  }

  test('by hand, for 728 filters of 3x3', () => {
    const middle = costs('xception').find(({ layer }) => layer === 'block6_sepconv2')
    assert.deepEqual(middle?.kernel, [3, 3])
    assert.equal(middle.filters, 728)
    assert.ok(Math.abs(middle.counted - (1 / 728 + 1 / 9)) < 1e-12)
  })

  test('networks without a depthwise convolution before a 1x1 convolution have none', () => {
    for (const name of ['inception-v3', 'inception-simplified', 'inception-segments-1']) assert.deepEqual(costs(name), [])
  })
})
