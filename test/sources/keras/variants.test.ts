import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { Architecture, HeadLayer } from '../../../src/model/architecture.js'
import { recognize, type Hints } from '../../../src/sources/keras/index.js'
import { layersOf } from '../../../src/model/layers.js'
import { SMALL, change, entry, functional, insertAfter, kerasLayers, storedLayers, storedModel, storedWeight } from './synthetic.js'

const dense = (units: number, activation: 'linear' | 'relu' | 'sigmoid' | 'softmax', name = 'predictions'): HeadLayer => ({ type: 'dense', name, units, activation })
const POOLED: HeadLayer = { type: 'globalAveragePooling' }

suite('members of the family are read off their layers', () => {
  const members: Array<[name: string, changes: Partial<Architecture>]> = [
    ['the small one', {}],
    ['a stem that keeps the size', { inputSize: 64, stem: { filters: [3, 7], strides: [1, 1], padding: 'same' } }],
    ['without shortcuts', { residual: false, middle: { filters: 7, repeats: 3 } }],
    ['no middle module', { middle: { filters: 8, repeats: 0 } }],
    ['one entry module, five middle ones', { entryFilters: [8], middle: { filters: 8, repeats: 5 } }],
    ['another epsilon', { batchNormEpsilon: 1e-5 }],
    ['a deep head', { head: [{ type: 'globalMaxPooling' }, dense(7, 'relu', 'hidden'), { type: 'batchNormalization', name: 'norm', epsilon: 1e-4 }, { type: 'activation', activation: 'elu' }, dense(2, 'softmax')] }],
    ['a normalized feature map, flattened', { head: [{ type: 'batchNormalization', name: 'norm', epsilon: 1e-3 }, { type: 'flatten' }, dense(5, 'sigmoid')] }]
  ]
  for (const [name, changes] of members) {
    test(name, async () => {
      const architecture = { ...SMALL, ...changes }
      const recognized = await recognize(storedModel(architecture, functional(kerasLayers(architecture))))
      assert.deepEqual(recognized.architecture, architecture)
      assert.equal(recognized.inputSizeFromFile, true)
      const weights = await recognized.readWeights()
      const specs = layersOf(architecture).flatMap((layer) => layer.weights)
      assert.deepEqual(Array.from(weights, ([weight, { shape, data }]) => [weight, shape, data[0]]), specs.map((spec, index) => [spec.name, spec.shape, index + 1]))
    })
  }
})

suite('the output becomes probabilities', () => {
  const cases: Array<[name: string, ending: HeadLayer[], hints: Hints, expected: HeadLayer[]]> = [
    ['softmax stays', [dense(3, 'softmax')], {}, [dense(3, 'softmax')]],
    ['logits get softmax', [dense(3, 'linear')], {}, [dense(3, 'softmax')]],
    ['logits get sigmoid where that is asked for', [dense(3, 'linear')], { output: 'sigmoid' }, [dense(3, 'sigmoid')]],
    ['one logit gets sigmoid', [dense(1, 'linear')], {}, [dense(1, 'sigmoid')]],
    ['one sigmoid stays', [dense(1, 'sigmoid')], { output: 'sigmoid' }, [dense(1, 'sigmoid')]],
    ['several sigmoids stay', [dense(4, 'sigmoid')], {}, [dense(4, 'sigmoid')]],
    ['normalized logits get softmax', [dense(3, 'linear'), { type: 'batchNormalization', name: 'norm', epsilon: 1e-3 }], {},
      [dense(3, 'linear'), { type: 'batchNormalization', name: 'norm', epsilon: 1e-3 }, { type: 'activation', activation: 'softmax' }]]
  ]
  for (const [name, ending, hints, expected] of cases) {
    test(name, async () => {
      const architecture = { ...SMALL, head: [POOLED, ...ending] }
      assert.deepEqual((await recognize(storedModel(architecture, functional(kerasLayers(architecture))), hints)).architecture.head, [POOLED, ...expected])
    })
  }
})

test('layers without effect are passed over wherever they stand', async () => {
  const layers = ['input', 'block1_conv1_act', 'block3_add', 'block6_sepconv2_act', 'avg_pool', 'predictions'].reduce(
    (all, name, index) => insertAfter(all, name, entry(['RandomFlip', 'SpatialDropout2D', 'Dropout', 'GaussianNoise', 'Dropout', 'Dropout'][index] ?? '', `extra${index}`, {}, [name])), kerasLayers(SMALL))
  assert.deepEqual((await recognize(storedModel(SMALL, functional(layers)))).architecture, SMALL)
})

test('ReLU and Softmax as layers of their own, activations as Keras 3 objects', async () => {
  const logits = { ...SMALL, head: [POOLED, dense(3, 'linear')] }
  let layers = change(kerasLayers(logits), 'block2_sepconv2_act', { activation: undefined, max_value: null, negative_slope: 0, threshold: 0 }, { class_name: 'ReLU' })
  layers = change(layers, 'block1_conv1_act', { activation: { class_name: 'function', config: 'relu', module: 'builtins' } })
  layers.push(entry('Softmax', 'softmax', { axis: [-1] }, ['predictions']))
  assert.deepEqual((await recognize(storedModel(logits, functional(layers)))).architecture.head, [...logits.head, { type: 'activation', activation: 'softmax' }])
})

test('what a layer does without is filled in', async () => {
  const architecture: Architecture = { ...SMALL, head: [POOLED, { type: 'batchNormalization', name: 'norm', epsilon: 1e-3 }, dense(3, 'softmax')] }
  const layers = change(change(kerasLayers(architecture), 'norm', { center: false, scale: false }), 'predictions', { use_bias: false })
  const kept = storedLayers(architecture).map(({ path, weights }) => ({ path, weights: weights.filter(({ name }) => !/^norm\/(gamma|beta)|^predictions\/bias/.test(name)) }))
  const weights = await (await recognize({ ...storedModel(architecture, functional(layers)), layers: kept })).readWeights()
  const values = ['norm/gamma', 'norm/beta', 'predictions/bias'].map((name) => new Set(weights.get(name)?.data))
  assert.deepEqual(values, [new Set([1]), new Set([0]), new Set([0])])
  const norm = kept.find(({ path }) => path === 'norm')?.weights
  assert.deepEqual(weights.get('norm/moving_mean')?.data, await norm?.[0]?.read())
})

suite('where the weights of a nested model are', () => {
  const layers = kerasLayers(SMALL)
  const nested = functional([
    entry('InputLayer', 'pixels', { batch_input_shape: [null, 71, 71, 3] }, []),
    { ...functional(layers, 'xception'), inbound_nodes: [[['pixels', 0, 0, {}]]] }
  ])
  const leaves = storedLayers(SMALL)
  const expected = async (): Promise<Array<[string, number | undefined]>> => Array.from(await (await recognize(storedModel(SMALL, functional(layers)))).readWeights(), ([name, { data }]) => [name, data[0]])
  const found = async (stored: ReturnType<typeof storedModel>): Promise<Array<[string, number | undefined]>> => Array.from(await (await recognize(stored)).readWeights(), ([name, { data }]) => [name, data[0]])
  const all = leaves.flatMap(({ weights }) => weights)
  const statistics = (name: string): boolean => name.includes('moving_')
  const trainedFirst = [...all.filter(({ name }) => !statistics(name)), ...all.filter(({ name }) => statistics(name))]

  test('one group, told apart by name', async () => {
    assert.deepEqual(await found({ ...storedModel(SMALL, nested), layers: [{ path: 'xception', weights: [...all].reverse() }] }), await expected())
  })

  test("one group whose names say nothing, in Keras's order", async () => {
    const unnamed = trainedFirst.map((weight, index) => ({ ...weight, name: `variable_${index}:0` }))
    assert.deepEqual(await found({ ...storedModel(SMALL, nested), layers: [{ path: 'xception', weights: unnamed }] }), await expected())
  })

  test('the same with a frozen layer', async () => {
    const frozen = functional([
      entry('InputLayer', 'pixels', { batch_input_shape: [null, 71, 71, 3] }, []),
      { ...functional(change(layers, 'block1_conv1', { trainable: false }), 'xception'), inbound_nodes: [[['pixels', 0, 0, {}]]] }
    ])
    const [first, ...others] = trainedFirst
    const order = [...others.filter(({ name }) => !statistics(name)), ...first === undefined ? [] : [first], ...others.filter(({ name }) => statistics(name))]
    const unnamed = order.map((weight, index) => ({ ...weight, name: `variable_${index}:0` }))
    assert.deepEqual(await found({ ...storedModel(SMALL, frozen), layers: [{ path: 'xception', weights: unnamed }] }), await expected())
  })

  test('a group a layer, called by the layers\' names', async () => {
    const groups = leaves.map(({ path, weights }) => ({ path: `xception/${path}`, weights: weights.map((weight, index) => ({ ...weight, name: `vars/${index}` })) }))
    assert.deepEqual(await found({ ...storedModel(SMALL, nested, 'keras-archive'), layers: groups.reverse() }), await expected())
  })
})

test('a Sequential without an input layer, as a bare list of layers', async () => {
  const [, ...layers] = kerasLayers({ ...SMALL, residual: false })
  const plain = { ...SMALL, residual: false }
  const [first, ...rest] = layers.map(({ class_name: className, config }) => ({ class_name: className, config }))
  const config = { class_name: 'Sequential', config: [{ ...first, config: { ...first?.config, batch_input_shape: [null, 71, 71, 3] } }, ...rest] }
  assert.deepEqual((await recognize(storedModel(plain, config))).architecture, plain)
})

test('the size of a model of any size is the hint, else 299', async () => {
  const config = functional(change(kerasLayers(SMALL), 'input', { batch_input_shape: [null, null, null, 3] }))
  const hinted = await recognize(storedModel(SMALL, config), { inputSize: 100 })
  assert.deepEqual([hinted.architecture.inputSize, hinted.inputSizeFromFile], [100, false])
  assert.equal((await recognize(storedModel(SMALL, config))).architecture.inputSize, 299)
})

test('the weights of a head are renamed where TensorFlow or the network needs the name', async () => {
  const layers = kerasLayers(SMALL).map((layer) => layer.name === 'predictions' ? { ...layer, name: 'my classes', config: { ...layer.config, name: 'my classes' } } : layer)
  const stored = { ...storedModel(SMALL, functional(layers)), layers: [...storedLayers(SMALL).slice(0, -1), { path: 'my classes', weights: [storedWeight('my classes/kernel:0', [11, 3], 1), storedWeight('my classes/bias:0', [3], 2)] }] }
  assert.ok((await (await recognize(stored)).readWeights()).has('my_classes/kernel'))
})
