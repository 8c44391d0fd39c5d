import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { Architecture, HeadLayer } from '../../../src/model/architecture.js'
import { recognize, type Hints } from '../../../src/sources/keras/index.js'
import { SMALL, change, entry, functional, insertAfter, kerasLayers, storedLayers, storedModel, storedWeight, type LayerEntry } from './synthetic.js'

async function assertRefused (config: unknown, message: RegExp, architecture: Architecture = SMALL, hints: Hints = {}): Promise<void> {
  await assert.rejects(recognize(storedModel(architecture, config), hints), { name: 'WeightsError', message })
}

const network = (): LayerEntry[] => kerasLayers(SMALL)
const without = (name: string, source: string): LayerEntry[] => network().filter((layer) => layer.name !== name)
  .map((layer) => ({ ...layer, inbound_nodes: JSON.parse(JSON.stringify(layer.inbound_nodes).replaceAll(`["${name}",`, `["${source}",`)) as unknown[] }))

suite('a network that is not quite Xception is refused by the layer', () => {
  const cases: Array<[name: string, layers: LayerEntry[], message: RegExp]> = [
    ['other filters', change(network(), 'block3_sepconv1', { filters: 9 }), /^the layer block3_sepconv1 \(SeparableConv2D\) is not Xception's block3_sepconv1: expected filters 8, found 9$/],
    ['a larger kernel', change(network(), 'block4_sepconv2', { kernel_size: [5, 5] }), /^the layer block4_sepconv2 .* expected kernelSize 3, found 5$/],
    ['a kernel that is not square', change(network(), 'block4_sepconv2', { kernel_size: [3, 5] }), /^the layer block4_sepconv2 .* has kernel_size \[3, 5\], and only equal ones/],
    ['a shortcut without stride', change(network(), 'block2_residual', { strides: [1, 1] }), /^the layer block2_residual \(Conv2D\) .* expected stride 2, found 1$/],
    ['other padding', change(network(), 'block1_conv2', { padding: 'same' }), /^the layer block1_conv2 .* expected padding valid, found same$/],
    ['strides of a separable convolution', change(network(), 'block3_sepconv1', { strides: [2, 2] }), /^the layer block3_sepconv1 .* has strides/],
    ['a bias', change(network(), 'block1_conv1', { use_bias: true }), /^the layer block1_conv1 \(Conv2D\) has use_bias true, and only false is supported$/],
    ['dilation', change(network(), 'block1_conv1', { dilation_rate: [2, 2] }), /^the layer block1_conv1 \(Conv2D\) has dilation_rate \[2,2\], and only 1 or \[1,1\] is supported$/],
    ['channels first', change(network(), 'block1_conv1', { data_format: 'channels_first' }), /^the layer block1_conv1 \(Conv2D\) has data_format "channels_first"/],
    ['an activation inside a convolution', change(network(), 'block1_conv1', { activation: 'relu' }), /^the layer block1_conv1 .* has the activation relu/],
    ['an activation that nobody knows', change(network(), 'block1_conv1_act', { activation: 'swish' }), /^the layer block1_conv1_act \(Activation\) has the activation "swish", and linear, relu/],
    ['another activation', change(network(), 'block1_conv1_act', { activation: 'elu' }), /expected activation relu, found elu$/],
    ['a clipped ReLU', change(network(), 'block1_conv1_act', { max_value: 6 }, { class_name: 'ReLU' }), /^the layer block1_conv1_act \(ReLU\) has max_value 6, and only none is supported$/],
    ['another epsilon in one layer', change(network(), 'block4_sepconv1_bn', { epsilon: 1e-5 }), /^the layer block4_sepconv1_bn .* expected epsilon 0.001, found 0.00001$/],
    ['another pooling', change(network(), 'block2_pool', { pool_size: [2, 2] }), /^the layer block2_pool .* expected size 3, found 2$/],
    ['a missing ReLU', without('block4_sepconv2_act', 'block4_sepconv1_bn'), /^after the layer block4_sepconv1_bn \(BatchNormalization\), expected block4_sepconv2_act \(activation, activation relu\), and found the layer block4_sepconv2 \(SeparableConv2D\)$/],
    ['a missing separable convolution', without('block4_sepconv2', 'block4_sepconv2_act'), /^the network is not an Xception: expected two convolutions, .* found 5 convolutions, 10 separable convolutions and 3 max poolings/],
    ['a sum of the wrong layers', change(network(), 'block4_add', {}, { inbound_nodes: [[['block4_sepconv3_bn', 0, 0, {}], ['block4_sepconv2_bn', 0, 0, {}]]] }), /^the layer block4_add \(Add\) is not Xception's block4_add: it reads block4_sepconv3_bn and block4_sepconv2_bn, expected block4_sepconv3_bn and block3_add$/],
    ['a layer too many', insertAfter(network(), 'block5_add', entry('Conv2D', 'extra', { filters: 9, kernel_size: 1, strides: 1, padding: 'same', use_bias: false }, ['block5_add'])), /^after the layer block5_add \(Add\), expected block6_sepconv1 \(separableConvolution, filters 10, kernelSize 3\), and found the layer extra \(Conv2D\)$/],
    ['layers joined', [...network(), entry('Concatenate', 'joined', {}, ['avg_pool', 'predictions'])], /^the layer joined \(Concatenate\) reads 2 layers, and only the residual sums/],
    ['a path beside the network', [...network(), entry('GlobalAveragePooling2D', 'side', {}, ['block3_add']), entry('Add', 'join', {}, ['side', 'predictions'])], /^the layer side \(GlobalAveragePooling2D\) reads the layer block3_add \(Add\) and has no place in Xception$/],
    ['attention', insertAfter(network(), 'block5_add', entry('MultiHeadAttention', 'attention', {}, ['block5_add'])), /^the layer attention \(MultiHeadAttention\) is not supported: the service knows/],
    ['scaling in the middle', insertAfter(network(), 'block5_add', entry('Rescaling', 'late', { scale: 2, offset: 0 }, ['block5_add'])), /found the layer late \(Rescaling\)$/]
  ]
  for (const [name, layers, message] of cases) test(name, () => assertRefused(functional(layers), message))
})

suite('a head that does not classify is refused', () => {
  const dense = (units: number, activation: 'linear' | 'relu' | 'sigmoid' | 'softmax'): HeadLayer => ({ type: 'dense', name: 'predictions', units, activation })
  const ending = (layer: HeadLayer): Architecture => ({ ...SMALL, head: [{ type: 'globalAveragePooling' }, layer] })
  const cases: Array<[name: string, architecture: Architecture, hints: Hints, message: RegExp]> = [
    ['ReLU at the end', ending(dense(3, 'relu')), {}, /^the layer predictions \(Dense\) is the last and ends in relu/],
    ['softmax of one unit', ending(dense(1, 'softmax')), {}, /^the layer predictions \(Dense\) takes the softmax of one unit/],
    ['softmax served as sigmoid', ending(dense(3, 'softmax')), { output: 'sigmoid' }, /^the layer predictions \(Dense\) ends in softmax, which cannot be served as sigmoid/],
    ['sigmoids served as softmax', ending(dense(3, 'sigmoid')), { output: 'softmax' }, /ends in sigmoid, which cannot be served as softmax/],
    ['one logit served as softmax', ending(dense(1, 'linear')), { output: 'softmax' }, /gives one unit, whose softmax is always 1/],
    ['no classifier', { ...SMALL, head: [{ type: 'globalAveragePooling' }] }, {}, /^the model has no classifier/]
  ]
  for (const [name, architecture, hints, message] of cases) {
    test(name, () => assertRefused(functional(kerasLayers(architecture)), message, architecture, hints))
  }

  test('layers in the wrong place', async () => {
    const convolution = { filters: 3, kernel_size: 1, strides: 1, padding: 'same', use_bias: false }
    await assertRefused(functional(without('avg_pool', 'block6_sepconv2_act')), /^the layer predictions \(Dense\) reads a feature map/)
    await assertRefused(functional(insertAfter(network(), 'avg_pool', entry('GlobalMaxPooling2D', 'again', {}, ['avg_pool']))), /^the layer again \(GlobalMaxPooling2D\) pools a vector/)
    await assertRefused(functional(insertAfter(network(), 'block6_sepconv2_act', entry('Conv2D', 'late', convolution, ['block6_sepconv2_act']))), /^the layer late \(Conv2D\) is in the wrong place/)
  })

  test('a head that branches', async () => {
    const layers = [...network().slice(0, -1), entry('Dense', 'a', { units: 11, activation: 'relu' }, ['avg_pool']), entry('Add', 'sum', {}, ['a', 'avg_pool'])]
    await assertRefused(functional(layers), /^the layer avg_pool \(GlobalAveragePooling2D\) is read by the layer a \(Dense\) and the layer sum \(Add\)/)
  })
})

suite('a model that is something else is refused', () => {
  const input = (shape: unknown): unknown => functional(change(network(), 'input', { batch_input_shape: shape }))
  const cases: Array<[name: string, config: unknown, message: RegExp]> = [
    ['a subclassed model', { class_name: 'MyModel', config: {} }, /^the model is of the class MyModel, and only functional and Sequential models/],
    ['no object', 'Functional', /^the model configuration must be object/],
    ['no layers', { class_name: 'Functional', config: { name: 'm' } }, /^the model m must have required properties layers/],
    ['a layer without configuration', { class_name: 'Sequential', config: { name: 'm', layers: [{ class_name: 'Dense' }] } }, /^the model m: layer 1 must have required properties config/],
    ['nothing in it', { class_name: 'Sequential', config: { name: 'm', layers: [] } }, /names no output/],
    ['a rectangle', input([null, 71, 80, 3]), /^the input has shape \[any, 71, 80, 3\], and square RGB images/],
    ['grey pictures', input([null, 71, 71, 1]), /^the input has shape \[any, 71, 71, 1\]/],
    ['too few pixels', input([null, 2, 2, 3]), /inputSize is too small/],
    ['two outputs', { class_name: 'Functional', config: { layers: network(), input_layers: [['input', 0, 0]], output_layers: [['avg_pool', 0, 0], ['predictions', 0, 0]] } }, /several inputs or outputs/],
    ['a layer used twice', functional(change(network(), 'block4_sepconv1', {}, { inbound_nodes: [[['input', 0, 0, {}]], [['input', 0, 0, {}]]] })), /^the layer block4_sepconv1 \(SeparableConv2D\) is used 2 times/],
    ['a layer that reads what is not there', functional(change(network(), 'avg_pool', {}, { inbound_nodes: [[['nowhere', 0, 0, {}]]] })), /^the layer avg_pool \(GlobalAveragePooling2D\) reads nowhere, which is not before it$/],
    ['models without end', Array.from({ length: 40 }).reduce<unknown>((inner) => ({ class_name: 'Sequential', config: { name: 'm', layers: [inner] } }), {}), /nests models more than 16 deep/]
  ]
  for (const [name, config, message] of cases) test(name, () => assertRefused(config, message))

  test('another input size than the file says', () => assertRefused(functional(network()), /says that the input is 71x71 pixels, and the setting says 299/, SMALL, { inputSize: 299 }))
})

suite('weights that do not fit are refused', () => {
  const config = functional(network())
  const groups = storedLayers(SMALL)
  const cases: Array<[name: string, layers: typeof groups, message: RegExp]> = [
    ['a group that is missing', groups.filter(({ path }) => path !== 'block4_sepconv2'), /^the layer block4_sepconv2 \(SeparableConv2D\) has no weights in the file, which has no group block4_sepconv2$/],
    ['a weight that is missing', groups.map((group) => group.path === 'block4_sepconv2_bn' ? { ...group, weights: group.weights.slice(1) } : group), /^the layer block4_sepconv2_bn .* needs the weights gamma, beta, moving_mean, moving_variance, and the file has block4_sepconv2_bn\/beta:0/],
    ['another shape', groups.map((group) => group.path === 'predictions' ? { ...group, weights: [storedWeight('predictions/kernel:0', [12, 3], 1), ...group.weights.slice(1)] } : group), /^the layer predictions \(Dense\): expected kernel of shape \[11, 3\], found \[12, 3\]$/]
  ]
  for (const [name, layers, message] of cases) {
    test(name, () => assert.rejects(recognize({ ...storedModel(SMALL, config), layers }), { name: 'WeightsError', message }))
  }
})
