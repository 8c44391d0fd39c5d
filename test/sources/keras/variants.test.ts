import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { Architecture, HeadLayer } from '../../../src/model/architecture.js'
import { recognize, type Hints } from '../../../src/sources/keras/index.js'
import {
  SMALL, change, entry, functional, insertAfter, kerasLayers, networkOf, statements, storedLayers, storedModel, storedWeight
} from './synthetic.js'

const dense = (
  units: number, activation: 'linear' | 'relu' | 'sigmoid' | 'softmax', name = 'predictions'
): HeadLayer => ({ type: 'dense', name, units, activation })
const POOLED: HeadLayer = { type: 'globalAveragePooling' }
const NETWORK = networkOf(SMALL)

suite('members of the family are read off their layers', () => {
  const members: Array<[name: string, changes: Partial<Architecture>]> = [
    ['the small one', {}],
    ['a stem that keeps the size', { inputSize: 64, stem: { filters: [3, 7], strides: [1, 1], padding: 'same' } }],
    ['without shortcuts', { residual: false, middle: { filters: 7, repeats: 3 } }],
    ['no middle module', { middle: { filters: 8, repeats: 0 } }],
    ['one entry module, five middle ones', { entryFilters: [8], middle: { filters: 8, repeats: 5 } }],
    ['another epsilon', { batchNormEpsilon: 1e-5 }],
    ['a deep head', {
      head: [
        { type: 'globalMaxPooling' }, dense(7, 'relu', 'hidden'), { type: 'batchNormalization', name: 'norm', epsilon: 1e-4 },
        { type: 'activation', activation: 'elu' }, dense(2, 'softmax')
      ]
    }],
    [
      'a normalized feature map, flattened',
      { head: [{ type: 'batchNormalization', name: 'norm', epsilon: 1e-3 }, { type: 'flatten' }, dense(5, 'sigmoid')] }
    ]
  ]
  for (const [name, changes] of members) {
    test(name, async () => {
      const network = networkOf({ ...SMALL, ...changes })
      const recognized = await recognize(storedModel(network, functional(kerasLayers(network))))
      assert.deepEqual(recognized.network.input, network.input)
      assert.deepEqual(statements(recognized.network), statements(network))
      assert.equal(recognized.inputSizeFromFile, true)
      const weights = await recognized.readWeights()
      const specs = network.layers.flatMap((layer) => layer.weights)
      assert.deepEqual(
        Array.from(
          weights, ([weight, { shape, data }]) => [weight, shape, data[0]]
        ), specs.map((spec, index) => [spec.name, spec.shape, index + 1])
      )
    })
  }
})

suite('the output becomes probabilities', () => {
  const norm: HeadLayer = { type: 'batchNormalization', name: 'norm', epsilon: 1e-3 }
  const cases: Array<[name: string, ending: HeadLayer[], hints: Hints, added: string | undefined]> = [
    ['softmax stays', [dense(3, 'softmax')], {}, undefined],
    ['logits get softmax', [dense(3, 'linear')], {}, 'predictions_softmax'],
    ['logits get sigmoid where that is asked for', [dense(3, 'linear')], { output: 'sigmoid' }, 'predictions_sigmoid'],
    ['one logit gets sigmoid', [dense(1, 'linear')], {}, 'predictions_sigmoid'],
    ['one sigmoid stays', [dense(1, 'sigmoid')], { output: 'sigmoid' }, undefined],
    ['several sigmoids stay', [dense(4, 'sigmoid')], {}, undefined],
    ['normalized logits get softmax', [dense(3, 'linear'), norm], {}, 'norm_softmax']
  ]
  for (const [name, ending, hints, added] of cases) {
    test(name, async () => {
      const network = networkOf({ ...SMALL, head: [POOLED, ...ending] })
      const found = statements((await recognize(storedModel(network, functional(kerasLayers(network))), hints)).network)
      const layers = statements(network)
      assert.deepEqual(found.slice(0, layers.length), layers)
      assert.deepEqual(
        found.slice(layers.length).map((layer) => [layer.name, layer.inputs]), added === undefined ? [] : [[added, [layers.at(-1)?.name]]]
      )
    })
  }
})

test('layers without effect are passed over wherever they stand', async () => {
  const layers = ['input', 'block1_conv1_act', 'block3_add', 'block6_sepconv2_act', 'avg_pool', 'predictions'].reduce(
    (all, name, index) => insertAfter(
      all, name,
      entry(['RandomFlip', 'SpatialDropout2D', 'Dropout', 'GaussianNoise', 'Dropout', 'Dropout'][index] ?? '', `extra${index}`, {}, [name])
    ), kerasLayers(NETWORK))
  assert.deepEqual(statements((await recognize(storedModel(NETWORK, functional(layers)))).network), statements(NETWORK))
})

test('ReLU and Softmax as layers of their own, activations as Keras 3 objects', async () => {
  const network = networkOf({ ...SMALL, head: [POOLED, dense(3, 'linear')] })
  const settings = { activation: undefined, max_value: null, negative_slope: 0, threshold: 0 }
  let layers = change(kerasLayers(network), 'block2_sepconv2_act', settings, { class_name: 'ReLU' })
  layers = change(layers, 'block1_conv1_act', { activation: { class_name: 'function', config: 'relu', module: 'builtins' } })
  layers.push(entry('Softmax', 'softmax', { axis: [-1] }, ['predictions']))
  const softmax = { name: 'softmax', operation: { kind: 'activation', activation: { function: 'softmax' } }, inputs: ['predictions'] }
  assert.deepEqual(statements((await recognize(storedModel(network, functional(layers)))).network), [...statements(network), softmax])
})

test('what a layer does without has no weight', async () => {
  const network = networkOf({ ...SMALL, head: [POOLED, { type: 'batchNormalization', name: 'norm', epsilon: 1e-3 }, dense(3, 'softmax')] })
  const layers = change(change(kerasLayers(network), 'norm', { center: false, scale: false }), 'predictions', { use_bias: false })
  const kept = storedLayers(network).map(({ path, weights }) => ({
    path, weights: weights.filter(({ name }) => !/^norm\/(gamma|beta)|^predictions\/bias/.test(name))
  }))
  const weights = await (await recognize({ ...storedModel(network, functional(layers)), layers: kept })).readWeights()
  assert.deepEqual(
    [...weights.keys()].filter((name) => /^(norm|predictions)/.test(name)),
    ['norm/moving_mean', 'norm/moving_variance', 'predictions/kernel']
  )
  const norm = kept.find(({ path }) => path === 'norm')?.weights
  assert.deepEqual(weights.get('norm/moving_mean')?.data, await norm?.[0]?.read())
})

suite('where the weights of a nested model are', () => {
  const layers = kerasLayers(NETWORK)
  const nested = functional([
    entry('InputLayer', 'pixels', { batch_input_shape: [null, 71, 71, 3] }, []),
    { ...functional(layers, 'xception'), inbound_nodes: [[['pixels', 0, 0, {}]]] }
  ])
  const leaves = storedLayers(NETWORK)
  const found = async (stored: ReturnType<typeof storedModel>): Promise<Array<[string, number | undefined]>> => {
    return Array.from(await (await recognize(stored)).readWeights(), ([name, { data }]) => [name, data[0]])
  }
  const expected = (): ReturnType<typeof found> => found(storedModel(NETWORK, functional(layers)))
  const all = leaves.flatMap(({ weights }) => weights)
  const statistics = (name: string): boolean => name.includes('moving_')
  const trainedFirst = [...all.filter(({ name }) => !statistics(name)), ...all.filter(({ name }) => statistics(name))]

  test('one group, told apart by name', async () => {
    assert.deepEqual(
      await found({ ...storedModel(NETWORK, nested), layers: [{ path: 'xception', weights: [...all].reverse() }] }), await expected()
    )
  })

  test("one group whose names say nothing, in Keras's order", async () => {
    const unnamed = trainedFirst.map((weight, index) => ({ ...weight, name: `variable_${index}:0` }))
    assert.deepEqual(await found({ ...storedModel(NETWORK, nested), layers: [{ path: 'xception', weights: unnamed }] }), await expected())
  })

  test('the same with a frozen layer', async () => {
    const frozen = functional([
      entry('InputLayer', 'pixels', { batch_input_shape: [null, 71, 71, 3] }, []),
      { ...functional(change(layers, 'block1_conv1', { trainable: false }), 'xception'), inbound_nodes: [[['pixels', 0, 0, {}]]] }
    ])
    const [first, ...others] = trainedFirst
    const order = [
      ...others.filter(({ name }) => !statistics(name)), ...first === undefined ? [] : [first],
      ...others.filter(({ name }) => statistics(name))
    ]
    const unnamed = order.map((weight, index) => ({ ...weight, name: `variable_${index}:0` }))
    assert.deepEqual(await found({ ...storedModel(NETWORK, frozen), layers: [{ path: 'xception', weights: unnamed }] }), await expected())
  })

  test('a group a layer, called by the layers\' names', async () => {
    const groups = leaves.map(
      ({ path, weights }) => ({ path: `xception/${path}`, weights: weights.map((weight, index) => ({ ...weight, name: `vars/${index}` })) })
    )
    assert.deepEqual(await found({ ...storedModel(NETWORK, nested, 'keras-archive'), layers: groups.reverse() }), await expected())
  })
})

test('a Sequential without an input layer, as a bare list of layers', async () => {
  const plain = networkOf({ ...SMALL, residual: false })
  const [, ...layers] = kerasLayers(plain)
  const [first, ...rest] = layers.map(({ class_name: className, config }) => ({ class_name: className, config }))
  const config = {
    class_name: 'Sequential', config: [{ ...first, config: { ...first?.config, batch_input_shape: [null, 71, 71, 3] } }, ...rest]
  }
  assert.deepEqual(statements((await recognize(storedModel(plain, config))).network), statements(plain))
})

test('the size of a model of any size is the hint, else 299', async () => {
  const config = functional(change(kerasLayers(NETWORK), 'input', { batch_input_shape: [null, null, null, 3] }))
  const hinted = await recognize(storedModel(NETWORK, config), { inputSize: 100 })
  assert.deepEqual([hinted.network.input.side, hinted.inputSizeFromFile], [100, false])
  assert.equal((await recognize(storedModel(NETWORK, config))).network.input.side, 299)
})

suite('names of layers', () => {
  test('characters that TensorFlow does not allow are replaced', async () => {
    const layers = kerasLayers(NETWORK).map((layer) => layer.name === 'predictions' ? { ...layer, name: 'my classes' } : layer)
    const weights = [storedWeight('my classes/kernel:0', [11, 3], 1), storedWeight('my classes/bias:0', [3], 2)]
    const stored = {
      ...storedModel(NETWORK, functional(layers)), layers: [...storedLayers(NETWORK).slice(0, -1), { path: 'my classes', weights }]
    }
    assert.ok((await (await recognize(stored)).readWeights()).has('my_classes/kernel'))
  })

  test('models that repeat them are told apart', async () => {
    const inner = (name: string, source: string): unknown => ({
      ...functional([entry('InputLayer', 'in', { batch_input_shape: [null, 8, 8, 3] }, []), entry('ReLU', 'act', {}, ['in'])], name),
      inbound_nodes: [[[source, 0, 0, {}]]]
    })
    const layers = [
      entry('InputLayer', 'pixels', { batch_input_shape: [null, 8, 8, 3] }, []), inner('first', 'pixels'), inner('second', 'first'),
      entry('GlobalAveragePooling2D', 'pool', {}, ['second']), entry('Dense', 'images', { units: 2, activation: 'linear' }, ['pool'])
    ] as Parameters<typeof functional>[0]
    const dense = { path: 'images', weights: [storedWeight('images/kernel:0', [3, 2], 1), storedWeight('images/bias:0', [2], 2)] }
    const { network } = await recognize({ ...storedModel(NETWORK, functional(layers)), layers: [dense] })
    assert.deepEqual(network.layers.map(({ name }) => name), ['input', 'act', 'second/act', 'pool', 'layer.images', 'layer.images_softmax'])
  })
})
