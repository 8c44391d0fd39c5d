import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { XCEPTION, parseArchitecture } from '../../../src/model/architecture.js'
import { countsOf, totalCounts } from '../../../src/model/counts.js'
import { classCount } from '../../../src/model/network.js'
import { xceptionNetwork } from '../../../src/model/presets/xception.js'
import { shared, withoutShared } from '../../support/shared.js'

const RESCALING = { scale: 1 / 127.5, offset: -1 }
const network = xceptionNetwork(XCEPTION, RESCALING)
const { layers } = network
const { parameters, multiplyAdds } = totalCounts(layers)

test('the published network has the published counts', () => {
  assert.equal(parameters, 22_910_480)
  const moving = layers.flatMap((layer) => layer.weights).filter(({ name }) => /moving_/.test(name))
  assert.equal(moving.reduce((total, { shape }) => total + (shape[0] ?? 0), 0), 54_528)
  assert.equal(Math.round(multiplyAdds / 1e8), 84)
  const convolutions = layers.filter(({ operation }) => /onvolution/.test(operation.kind))
  assert.equal(convolutions.filter(({ name }) => !name.endsWith('_residual')).length, 36)
  assert.equal(new Set(layers.flatMap(({ module }) => module ?? [])).size, 14)
  assert.equal(classCount(network), 1000)
})

test('feature maps shrink as in Figure 5', () => {
  const shapes = new Map(layers.map((layer) => [layer.name, layer.outputShape.join('x')]))
  assert.equal(shapes.get('block1_conv2'), '147x147x64')
  assert.equal(shapes.get('block4_add'), '19x19x728')
  assert.equal(shapes.get('block13_add'), '10x10x1024')
  assert.equal(shapes.get('block14_sepconv2'), '10x10x2048')
})

test('a separable convolution costs 1/N + 1/Dk² of a standard one', () => {
  const layer = layers.find(({ name }) => name === 'block5_sepconv1')
  const standard = 19 * 19 * 9 * 728 * 728
  assert.ok(Math.abs((layer === undefined ? NaN : countsOf(layer).multiplyAdds) / standard - (1 / 728 + 1 / 9)) < 1e-12)
})

test('the weights are in the order of Keras', { skip: withoutShared }, () => {
  const { layerOrder } = JSON.parse(readFileSync(shared('golden/golden.json'), 'utf8')) as { layerOrder: string[] }
  let block = 1
  const expected = layerOrder.map((name) => {
    block = Number(/^block(\d+)/.exec(name)?.[1] ?? block)
    return name.replace(/^conv2d_\d+$/, `block${block}_residual`).replace(/^batch_normalization_\d+$/, `block${block}_residual_bn`)
  })
  assert.deepEqual(layers.filter((layer) => layer.weights.length > 0).map((layer) => layer.name), expected)
})

test('the non-residual stack has no shortcut', () => {
  const names = xceptionNetwork({ ...XCEPTION, residual: false }, RESCALING).layers.map((layer) => layer.name)
  assert.ok(!names.some((name) => /residual|add/.test(name)))
})

test('a wrong architecture is refused by the field that is wrong', () => {
  assert.throws(() => parseArchitecture({ ...XCEPTION, inputSize: 0 }), /inputSize must be >= 1/)
  assert.throws(() => parseArchitecture({ ...XCEPTION, middle: { filters: 700, repeats: 8 } }), /middle\.filters must equal/)
  assert.throws(() => parseArchitecture({ ...XCEPTION, head: [{ type: 'globalAveragePooling' }] }), /must end in softmax or sigmoid/)
  assert.throws(() => parseArchitecture(null), /architecture must be object/)
})
