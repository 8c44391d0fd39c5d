import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { Architecture, HeadLayer } from '../../../src/model/architecture.js'
import { networkOutputs } from '../../../src/model/outputs.js'
import type { Network } from '../../../src/model/network.js'
import { recognize, type Hints } from '../../../src/sources/keras/index.js'
import {
  SMALL, change, entry, functional, insertAfter, kerasLayers, networkOf, storedLayers, storedModel, storedWeight, type LayerEntry
} from './synthetic.js'

const NETWORK = networkOf(SMALL)

async function assertRefused (config: unknown, message: RegExp, network: Network = NETWORK, hints: Hints = {}): Promise<void> {
  await assert.rejects(recognize(storedModel(network, config), hints), { name: 'WeightsError', message })
}

const network = (): LayerEntry[] => kerasLayers(NETWORK)
const after = (name: string, className: string, config: Record<string, unknown> = {}): LayerEntry[] => {
  return insertAfter(network(), name, entry(className, 'added', config, [name]))
}
const without = (name: string, source: string): LayerEntry[] => network().filter((layer) => layer.name !== name).map((layer) => ({
  ...layer, inbound_nodes: JSON.parse(JSON.stringify(layer.inbound_nodes).replaceAll(`["${name}",`, `["${source}",`)) as unknown[]
}))
const reading = (name: string, ...sources: string[]): LayerEntry[] => {
  return change(network(), name, {}, { inbound_nodes: [sources.map((source) => [source, 0, 0, {}])] })
}

suite('a layer that is not supported is refused by its name, its kind and what about it', () => {
  const cases: Array<[name: string, layers: LayerEntry[], message: RegExp]> = [
    ['attention', after('block5_add', 'MultiHeadAttention'),
      /^the layer added \(MultiHeadAttention\) is not supported: the service knows Conv2D, /],
    ['Python code', after('block5_add', 'Lambda', { function: 'x' }), /^the layer added \(Lambda\) is Python code/],
    ['a function that nobody knows', after('block5_add', 'TFOpLambda', { function: 'math.cumsum' }),
      /^the layer added \(TFOpLambda\) is not supported/],
    ['channels first', change(network(), 'block1_conv1', { data_format: 'channels_first' }),
      /^the layer block1_conv1 \(Conv2D\) has data_format "channels_first", and only "channels_last" is supported$/],
    ['several filters a channel', change(network(), 'block4_sepconv1', { depth_multiplier: 2 }),
      /^the layer block4_sepconv1 \(SeparableConv2D\) has depth_multiplier 2, and only 1 is supported$/],
    ['no filters', change(network(), 'block1_conv1', { filters: 0 }), /^the layer block1_conv1 \(Conv2D\): filters /],
    ['causal padding', change(network(), 'block1_conv1', { padding: 'causal' }),
      /^the layer block1_conv1 \(Conv2D\): padding must be valid or same$/],
    ['groups into which the channels do not divide', change(network(), 'block1_conv2', { groups: 3 }),
      /^the layer block1_conv2 \(Conv2D\) cannot be built: .* has 3 groups, into which 4 channels and 5 filters do not divide$/],
    ['normalization along the rows', change(network(), 'block4_sepconv1_bn', { axis: [1] }),
      /^the layer block4_sepconv1_bn \(BatchNormalization\) has axis \[1\], and only -1 or \[-1\] or 3 or \[3\] is supported$/],
    ['an activation that nobody knows', change(network(), 'block1_conv1_act', { activation: 'sparsemax' }),
      /^the layer block1_conv1_act \(Activation\) has the activation "sparsemax", and linear, relu, .* exponential are supported$/],
    ['an activation that is Python code', change(network(), 'block1_conv1', { activation: { class_name: 'Mine', config: {} } }),
      /^the layer block1_conv1 \(Conv2D\) has the activation \{"class_name":"Mine","config":\{\}\}/],
    ['a ReLU with a threshold', after('block5_add', 'ReLU', { threshold: 0.5 }),
      /^the layer added \(ReLU\) has threshold 0.5, and only 0 is supported$/],
    ['a ReLU held at 0', after('block5_add', 'ReLU', { max_value: 0 }),
      /^the layer added \(ReLU\) has max_value 0, and more than 0 is needed$/],
    ['a slope that is no number', after('block5_add', 'LeakyReLU', { alpha: 'steep' }),
      /^the layer added \(LeakyReLU\) has slope "steep", and a number is needed$/],
    ['softmax along the rows', after('block5_add', 'Softmax', { axis: 1 }), /^the layer added \(Softmax\) has axis 1, and only/],
    ['rows joined', change(reading('block4_add', 'block3_add', 'block3_add'), 'block4_add', { axis: 1 }, { class_name: 'Concatenate' }),
      /^the layer block4_add \(Concatenate\) has axis 1, and only/],
    ['products of two', change(network(), 'block4_add', {}, { class_name: 'Dot' }),
      /^the layer block4_add \(Dot\) reads 2 layers, and only Add, /],
    ['sums that do not fit', reading('block4_add', 'block4_sepconv3_bn', 'block1_conv1'),
      /^the layer block4_add \(Add\) cannot be built: the layer block4_add \(add\) reads 9x9x8 and 35x35x4, which do not fit$/],
    ['a shape of another size', after('avg_pool', 'Reshape', { target_shape: [4, 4] }),
      /^the layer added \(Reshape\) reshapes 11 to \[4, 4\], and a vector or/],
    ['a shape of two unknowns', after('avg_pool', 'Reshape', { target_shape: [-1, -1, 11] }),
      /^the layer added \(Reshape\) reshapes 11 to \[-1, -1, 11\]/],
    ['pooling of a vector', after('avg_pool', 'GlobalMaxPooling2D'),
      /^the layer added \(GlobalMaxPooling2D\) cannot be built: .* reads a vector of 11/],
    ['no pixel left', change(network(), 'block2_pool', { pool_size: [99, 99], padding: 'valid' }),
      /^the layer block2_pool \(MaxPooling2D\) cannot be built: .* has no pixel left of 33x33: the input is too small$/],
    ['a constant a row', after('block5_add', 'Rescaling', { scale: [[[1], [2], [3]]] }),
      /^the layer added \(Rescaling\) has a scale that is neither one number nor/],
    ['rows cut out', after('block5_add', 'SlicingOpLambda', { function: '__operators__.getitem' }),
      /^the layer added \(SlicingOpLambda\) takes undefined, and only slices with a step of 1 are supported, and single channels$/]
  ]
  for (const [name, layers, message] of cases) test(name, () => assertRefused(functional(layers), message))
})

suite('what would cost without bound is refused', () => {
  test('a feature map without end', () => assertRefused(
    functional(after('block5_add', 'ZeroPadding2D', { padding: [[10_000, 10_000], [10_000, 10_000]] })),
    /^the layer added \(ZeroPadding2D\) gives 20005x20005x9 numbers, and 268435456 are the most that is taken$/
  ))

  test('filters without end', () => assertRefused(
    functional(change(network(), 'block1_conv1', { filters: 2 ** 40 })), /^the layer block1_conv1 \(Conv2D\): filters must be <= 1000000$/
  ))

  test('layers without end', () => {
    const [input, ...rest] = network()
    const many = Array.from({ length: 20_000 }, (_, index) => entry('ReLU', `act${index}`, {}, [index === 0 ? 'input' : `act${index - 1}`]))
    return assertRefused(functional([input as LayerEntry, ...many, ...rest]), /^the model has more than 10000 layers$/)
  })
})

suite('a head that does not classify is refused', () => {
  const dense = (
    units: number, activation: 'linear' | 'relu' | 'sigmoid' | 'softmax'
  ): HeadLayer => ({ type: 'dense', name: 'predictions', units, activation })
  const ending = (layer: HeadLayer): Architecture => ({ ...SMALL, head: [{ type: 'globalAveragePooling' }, layer] })
  const cases: Array<[name: string, architecture: Architecture, hints: Hints, message: RegExp]> = [
    ['ReLU at the end', ending(dense(3, 'relu')), {}, /^the layer predictions \(Dense\) is the last and ends in relu/],
    ['softmax of one unit', ending(dense(1, 'softmax')), {}, /^the layer predictions \(Dense\) takes the softmax of one unit/],
    ['softmax served as sigmoid', ending(dense(3, 'softmax')), { output: 'sigmoid' },
      /^the layer predictions \(Dense\) ends in softmax, which cannot be served as sigmoid/],
    ['sigmoids served as softmax', ending(dense(3, 'sigmoid')), { output: 'softmax' },
      /ends in sigmoid, which cannot be served as softmax/],
    ['one logit served as softmax', ending(dense(1, 'linear')), { output: 'softmax' }, /gives one unit, whose softmax is always 1/],
    ['no classifier', { ...SMALL, head: [{ type: 'globalAveragePooling' }] }, {},
      /^the model has no classifier: its last values come from the layer block6_sepconv2_act \(activation\)/]
  ]
  for (const [name, architecture, hints, message] of cases) {
    test(name, () => assertRefused(functional(kerasLayers(networkOf(architecture))), message, networkOf(architecture), hints))
  }

  test('but for its features, where those are asked for', async () => {
    const pooled = networkOf({ ...SMALL, head: [{ type: 'globalAveragePooling' }] })
    const hints = { withoutClassifier: true }
    const features = await recognize(storedModel(pooled, functional(kerasLayers(pooled))), hints)
    assert.deepEqual(features.network.layers.slice(-2).map(({ operation }) => operation.kind), ['globalAveragePooling', 'activation'])
    const map = kerasLayers(NETWORK).slice(0, -2)
    const unpooled = await recognize(storedModel(NETWORK, functional(map)), hints)
    assert.deepEqual(networkOutputs(unpooled.network).features, { shape: [pooled.layers.at(-1)?.outputShape[0]] })
    const whole = storedModel(NETWORK, functional(network()))
    assert.deepEqual((await recognize(whole, hints)).network, (await recognize(whole)).network)
  })

  test('a classifier at every position', () => assertRefused(
    functional(
      without('avg_pool', 'block6_sepconv2_act')
    ), /^the layer predictions \(Dense\) is the last and gives a feature map of 5x5x3, and one number a class/
  ))
})

suite('a model that is something else is refused', () => {
  const input = (shape: unknown): unknown => functional(change(network(), 'input', { batch_input_shape: shape }))
  const cases: Array<[name: string, config: unknown, message: RegExp]> = [
    ['a subclassed model', { class_name: 'MyModel', config: {} },
      /^the model is of the class MyModel, and only functional and Sequential models/],
    ['no object', 'Functional', /^the model configuration must be object/],
    ['no layers', { class_name: 'Functional', config: { name: 'm' } }, /^the model m must have required properties layers/],
    ['a layer without configuration', { class_name: 'Sequential', config: { name: 'm', layers: [{ class_name: 'Dense' }] } },
      /^the model m: layer 1 must have required properties config/],
    ['nothing in it', { class_name: 'Sequential', config: { name: 'm', layers: [] } }, /names no output/],
    ['pictures of which one side is known', input([null, 71, null, 3]), /^the input has shape \[any, 71, any, 3\], and pictures/],
    ['pictures of two channels', input([null, 71, 71, 2]), /^the input has shape \[any, 71, 71, 2\]/],
    ['grey pictures for the weights of RGB', input([null, 71, 71, 1]), /expected kernel of shape \[3, 3, 1, 4\], found \[3, 3, 3, 4\]$/],
    ['too few pixels', input([null, 2, 2, 3]), /^the layer block1_conv1 \(Conv2D\) cannot be built: .* has no pixel left of 2x2/],
    ['two inputs',
      {
        class_name: 'Functional',
        config: { layers: network(), input_layers: [['input', 0, 0], ['avg_pool', 0, 0]], output_layers: [['predictions', 0, 0]] }
      },
      /^the model has several inputs, and an image classifier has one$/],
    ['two outputs, the first of which are features',
      {
        class_name: 'Functional',
        config: { layers: network(), input_layers: [['input', 0, 0]], output_layers: [['avg_pool', 0, 0], ['predictions', 0, 0]] }
      },
      /^the model has no classifier: .*; the model has other outputs, which OUTPUT_LAYER takes: predictions$/],
    ['a layer that reads what is not there', functional(change(network(), 'avg_pool', {}, { inbound_nodes: [[['nowhere', 0, 0, {}]]] })),
      /^the layer avg_pool \(GlobalAveragePooling2D\) reads nowhere, which is not before it$/],
    ['models without end',
      Array.from({ length: 40 }).reduce<unknown>((inner) => ({ class_name: 'Sequential', config: { name: 'm', layers: [inner] } }), {}),
      /nests models more than 16 deep/]
  ]
  for (const [name, config, message] of cases) test(name, () => assertRefused(config, message))

  test(
    'another input size than the file says',
    () => assertRefused(functional(network()), /says that the input is 71x71 pixels, and the setting says 299/, NETWORK, { inputSize: 299 })
  )
})

suite('weights that do not fit are refused', () => {
  const config = functional(network())
  const groups = storedLayers(NETWORK)
  const cases: Array<[name: string, layers: typeof groups, message: RegExp]> = [
    ['a group that is missing', groups.filter(({ path }) => path !== 'block4_sepconv2'),
      /^the layer block4_sepconv2 \(SeparableConv2D\) has no weights in the file, which has no group block4_sepconv2$/],
    ['a weight that is missing',
      groups.map((group) => group.path === 'block4_sepconv2_bn' ? { ...group, weights: group.weights.slice(1) } : group),
      /^the layer block4_sepconv2_bn .* needs the weights gamma, beta, moving_mean, moving_variance, and the file has .*_bn\/beta:0/],
    ['another shape',
      groups.map(
        (group) => group.path === 'predictions'
          ? {
              ...group, weights: [storedWeight('predictions/kernel:0', [12, 3], 1), ...group.weights.slice(1)]
            }
          : group
      ),
      /^the layer predictions \(Dense\): expected kernel of shape \[11, 3\], found \[12, 3\]$/]
  ]
  for (const [name, layers, message] of cases) {
    test(name, () => assert.rejects(recognize({ ...storedModel(NETWORK, config), layers }), { name: 'WeightsError', message }))
  }
})
