import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { Architecture, HeadLayer } from '../../../src/model/architecture.js'
import type { FileKind, StoredLayer } from '../../../src/sources/files/index.js'
import { recognize, type Hints } from '../../../src/sources/keras/index.js'
import { SMALL, networkOf, storedLayers as layersIn, storedModel, storedWeight } from './synthetic.js'

const weightsOnly = (
  layers: readonly StoredLayer[], kind: FileKind = 'hdf5-weights'
): ReturnType<typeof storedModel> => ({ ...storedModel(networkOf(SMALL), undefined, kind), layers })
const storedLayers = (architecture: Architecture): StoredLayer[] => layersIn(networkOf(architecture))
const LAYERS = storedLayers(SMALL)
const ASSUMED = 'has only weights, which do not tell how its feature map is pooled: its average is taken, or what POOLING says (max)'
const ANY_SIZE = { ...SMALL, inputSize: 299 }

/** Names that say nothing, as other versions of Keras gave them. */
const unnamed = (layers: readonly StoredLayer[]): StoredLayer[] => layers.map(
  ({ weights }, index) => ({
    path: `layer_${index}`, weights: weights.map((weight, position) => ({ ...weight, name: `param_${position}` }))
  })
)

suite('weights without a configuration tell the network by their shapes', () => {
  const members: Array<[name: string, changes: Partial<Architecture>]> = [
    ['the small one', {}],
    ['no middle module', { middle: { filters: 8, repeats: 0 } }],
    ['one entry module, five middle ones', { entryFilters: [8], middle: { filters: 8, repeats: 5 } }],
    ['without shortcuts', { residual: false, middle: { filters: 7, repeats: 2 } }]
  ]
  for (const [name, changes] of members) {
    test(name, async () => {
      const architecture = { ...ANY_SIZE, ...changes }
      const { readWeights, ...found } = await recognize(weightsOnly(storedLayers(architecture)))
      assert.deepEqual(found, { network: networkOf(architecture), rescaling: undefined, inputSizeFromFile: false, notes: [ASSUMED] })
      assert.deepEqual(
        Array.from(await readWeights(), ([, { data }], index) => [data[0], index + 1]).filter(([value, number]) => value !== number), []
      )
    })
  }

  test('by order where the names say nothing', async () => {
    const { network, readWeights } = await recognize(weightsOnly(unnamed(LAYERS)), { inputSize: 80 })
    const classifier = { type: 'dense', name: `layer_${LAYERS.length - 1}`, units: 3, activation: 'softmax' } as const
    assert.deepEqual(network, networkOf({ ...SMALL, inputSize: 80, head: [{ type: 'globalAveragePooling' }, classifier] }))
    assert.deepEqual(
      [...await readWeights()].map(([, { data }]) => data[0]),
      await Promise.all(LAYERS.flatMap(({ weights }) => weights).map(async (weight) => (await weight.read())[0]))
    )
  })

  test('by name where the order says nothing', async () => {
    const { network, readWeights } = await recognize(weightsOnly([...LAYERS].reverse(), 'safetensors'))
    assert.deepEqual(network, networkOf(ANY_SIZE))
    assert.deepEqual((await readWeights()).get('block1_conv1/kernel')?.data[0], 1)
  })

  test('a nested base in one group', async () => {
    const base = { path: 'xception', weights: LAYERS.slice(0, -1).flatMap(({ weights }) => weights) }
    assert.deepEqual((await recognize(weightsOnly([base, ...LAYERS.slice(-1)]))).network, networkOf(ANY_SIZE))
  })

  test('a nested base in one group, what is frozen last', async () => {
    // Keras numbers the shortcuts, and lists what is trained first.
    const numbered = LAYERS.slice(0, -1).flatMap(({ weights }) => weights).map((weight) => ({
      ...weight,
      name: weight.name.replace(
        /^block(\d)_residual_bn/, (_, block: string) => `batch_normalization_${Number(block) + 7}`
      ).replace(/^block(\d)_residual/, (_, block: string) => `conv2d_${Number(block) + 7}`)
    }))
    const frozen = numbered.slice(0, 30)
    const base = { path: 'xception', weights: [...numbered.slice(30), ...frozen] }
    const { network, readWeights } = await recognize(weightsOnly([base, ...LAYERS.slice(-1)]))
    assert.deepEqual(network, networkOf(ANY_SIZE))
    assert.deepEqual(
      Array.from(await readWeights(), ([, { data }], index) => [data[0], index + 1]).filter(([value, number]) => value !== number), []
    )
  })

  test('one unit is a sigmoid, several are what the hint says', async () => {
    const one = {
      ...ANY_SIZE, head: [SMALL.head[0], { type: 'dense', name: 'predictions', units: 1, activation: 'sigmoid' }]
    } as Architecture
    assert.deepEqual((await recognize(weightsOnly(storedLayers(one)))).network, networkOf(one))
    await assert.rejects(recognize(weightsOnly(storedLayers(one)), { output: 'softmax' }), /gives one unit, whose softmax is always 1/)
    assert.equal((await recognize(weightsOnly(LAYERS), { output: 'sigmoid' })).network.layers.at(-1)?.name, 'predictions_sigmoid')
  })
})

suite('what weights do not tell is said by the user', () => {
  const small = { ...SMALL, inputSize: 80 }
  const side = { inputSize: 80 }
  const dense = (name: string, units: number, activation: 'relu' | 'softmax'): HeadLayer => ({ type: 'dense', name, units, activation })
  const ends = [dense('hidden', 5, 'relu'), dense('predictions', 3, 'softmax')]
  const opened = async (head: HeadLayer[], hints: Hints, order = (layers: StoredLayer[]): StoredLayer[] => layers): Promise<void> => {
    const architecture = { ...small, head }
    const { network, notes } = await recognize(weightsOnly(order(storedLayers(architecture))), { ...side, ...hints })
    assert.deepEqual([network, notes], [networkOf(architecture), []])
  }

  test('pooling by the maximum, by the average', async () => {
    await opened([{ type: 'globalMaxPooling' }, dense('predictions', 3, 'softmax')], { pooling: 'max' })
    await opened([{ type: 'globalAveragePooling' }, dense('predictions', 3, 'softmax')], { pooling: 'avg' })
  })

  test('a flattened map is told by its size, too', async () => {
    for (const hints of [{}, { pooling: 'flatten' }] as const) {
      const architecture = { ...small, head: [{ type: 'flatten' }, dense('predictions', 3, 'softmax')] } as Architecture
      const { network, notes } = await recognize(weightsOnly(storedLayers(architecture)), { ...side, ...hints })
      assert.deepEqual([network.layers.at(-3)?.operation.kind, network.layers.at(-2)?.operation.kind, notes], ['flatten', 'dense', []])
    }
  })

  test('several Dense layers', async () => {
    await opened([{ type: 'globalAveragePooling' }, ...ends], { pooling: 'avg', headActivation: 'relu' })
    const { network } = await recognize(
      weightsOnly(storedLayers({ ...small, head: [{ type: 'globalAveragePooling' }, ...ends] })),
      { ...side, headActivation: 'gelu', output: 'sigmoid' }
    )
    assert.deepEqual(network.layers.slice(-4).map(({ name, operation }) => [name, operation]), [
      ['hidden', { kind: 'dense', units: 5, bias: true }],
      ['hidden_gelu', { kind: 'activation', activation: { function: 'gelu', approximate: false } }],
      ['predictions', { kind: 'dense', units: 3, bias: true }],
      ['predictions_sigmoid', { kind: 'activation', activation: { function: 'sigmoid' } }]
    ])
  })

  test('in the order in which they follow from each other', async () => {
    const three = [dense('hidden', 5, 'relu'), dense('more', 4, 'relu'), dense('predictions', 3, 'softmax')]
    await opened([{ type: 'globalAveragePooling' }, ...three], { pooling: 'avg', headActivation: 'relu' }, (layers) => {
      const [more, last] = layers.slice(-2)
      return more === undefined || last === undefined ? [] : [...layers.slice(0, -2), last, more]
    })
  })

  const message = (head: HeadLayer[], hints: Hints, text: RegExp): Promise<void> => assert.rejects(
    recognize(weightsOnly(storedLayers({ ...small, head })), { ...side, ...hints }), { name: 'WeightsError', message: text }
  )
  test('what does not fit is refused', async () => {
    const hints: Hints = { pooling: 'flatten', headActivation: 'relu' }
    await message([{ type: 'globalAveragePooling' }, ...ends], hints, /: POOLING=flatten does not fit$/)
    await message([{ type: 'globalAveragePooling' }, ...ends], { outputLayer: 'x' }, /names no outputs, so OUTPUT_LAYER=x cannot be taken$/)
  })
})

test('a network without its top is taken for its features where that is asked for', async () => {
  const { network } = await recognize(weightsOnly(LAYERS.slice(0, -1)), { withoutClassifier: true })
  assert.deepEqual(network.layers.slice(-2).map(({ operation }) => operation.kind), ['globalAveragePooling', 'activation'])
  const whole = await recognize(weightsOnly(LAYERS), { withoutClassifier: true })
  assert.deepEqual(whole.network, (await recognize(weightsOnly(LAYERS))).network)
})

const replaced = (path: string, ...weights: StoredLayer['weights']): StoredLayer[] => LAYERS.map(
  (layer) => layer.path === path ? { path, weights } : layer
)
const refused: Array<[name: string, layers: StoredLayer[], message: RegExp]> = [
  ['a network without its top', LAYERS.slice(0, -1), /^the file has no classifier/],
  ['two Dense layers', [...LAYERS, { path: 'more', weights: [storedWeight('more/kernel', [3, 2], 1), storedWeight('more/bias', [2], 1)] }],
    /^the file has only weights, and those of 2 Dense layers do not tell .* HEAD_ACTIVATION \(linear, relu, .* config\.json/],
  ['a layer of another kind',
    [...LAYERS, { path: 'norm', weights: [storedWeight('norm/gamma', [3], 1), storedWeight('norm/beta', [3], 1)] }],
    /^the file has only weights, and the layer norm is none that Xception .* has \(norm\/gamma \[3\], norm\/beta \[3\]\)/],
  ['a batch normalization too many',
    [
      ...LAYERS,
      { path: 'norm', weights: ['gamma', 'beta', 'moving_mean', 'moving_variance'].map((role) => storedWeight(`norm/${role}`, [3], 1)) }
    ],
    /^the file has the layer norm \(batchNormalization\), for which/],
  ['a batch normalization too few', LAYERS.filter(({ path }) => path !== 'block6_sepconv2_bn'),
    /^expected a batchNormalization for block6_sepconv2_bn, and the file has no more of them$/],
  ['a separable convolution too few', LAYERS.filter(({ path }) => path !== 'block4_sepconv2'),
    /^the file has 3 residual convolutions and 10 separable convolutions, which is no Xception/],
  ['a wrong shape',
    replaced(
      'block3_sepconv1', storedWeight('block3_sepconv1/depthwise_kernel', [5, 5, 6, 1], 1),
      storedWeight('block3_sepconv1/pointwise_kernel', [1, 1, 6, 8], 1)
    ),
    /^the layer block3_sepconv1: expected depthwise_kernel of shape \[3, 3, 6, 1\], found \[5, 5, 6, 1\]$/],
  ['shortcuts that do not fit', replaced('block3_residual', storedWeight('block3_residual/kernel', [1, 1, 6, 7], 1)),
    /^the layer block3_residual: expected kernel of shape \[1, 1, 6, 8\], found \[1, 1, 6, 7\]$/],
  ['another classifier', replaced('predictions', storedWeight('predictions/kernel', [99, 3], 1), storedWeight('predictions/bias', [3], 1)),
    /^the layer predictions reads 99 numbers, and .* 19x19x11 has 11 when it is pooled and 3971 .*: INPUT_SIZE may be another one$/],
  ['the kind of another layer', replaced('block2_residual', storedWeight('block2_residual/kernel', [5, 3], 1)),
    /^the file has 2 residual convolutions and 11 separable convolutions, which is no Xception/],
  ['something else', [{ path: 'dense', weights: [storedWeight('kernel', [3, 2], 1), storedWeight('bias', [2], 1)] }],
    /^the file has 0 convolutions and 0 separable convolutions, which is no Xception$/],
  ['nothing', [], /which is no Xception/],
  ['no shortcuts and no names', unnamed(storedLayers({ ...SMALL, residual: false })),
    /^the file has only weights, without residual convolutions, and the name layer_4 does not tell its module/]
]
for (const [name, layers, message] of refused) {
  test(`${name} is refused`, () => assert.rejects(recognize(weightsOnly(layers)), { name: 'WeightsError', message }))
}

test('an absurd shape is refused before anything is read', () => assert.rejects(
  recognize(
    weightsOnly(
      replaced('predictions', storedWeight('predictions/kernel', [11, 2 ** 40], 1), storedWeight('predictions/bias', [2 ** 40], 1))
    )
  ),
  {
    name: 'WeightsError',
    message: /^the layer predictions: predictions\/kernel has shape \[11, 1099511627776\], and 1 to 1000000 are possible$/
  }
))
