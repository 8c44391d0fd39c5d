import type { Architecture } from '../../../src/model/architecture.js'
import { NetworkBuilder, statementsOf } from '../../../src/model/network-builder.js'
import type { Activation, Layer, LayerStatement, Network, Operation } from '../../../src/model/network.js'
import { xceptionNetwork } from '../../../src/model/presets/xception.js'
import type { FileKind, StoredLayer, StoredModel, StoredWeight } from '../../../src/sources/files/index.js'
import { sizeOf } from '../../../src/model/weights.js'

/** A small network of the Xception family. */
export const SMALL: Architecture = {
  inputSize: 71,
  stem: { filters: [4, 5], strides: [2, 1], padding: 'valid' },
  entryFilters: [6, 8],
  middle: { filters: 8, repeats: 1 },
  exitFilters: [8, 9, 10, 11],
  residual: true,
  intermediateActivation: 'none',
  batchNormEpsilon: 1e-3,
  head: [{ type: 'globalAveragePooling' }, { type: 'dense', name: 'predictions', units: 3, activation: 'softmax' }]
}

/** What preprocess_input does, which a network has whose file says nothing. */
export const MINUS_ONE_TO_ONE = { scale: 1 / 127.5, offset: -1 }

export function networkOf (architecture: Architecture): Network {
  return xceptionNetwork(architecture, MINUS_ONE_TO_ONE)
}

/** The layers as they are stated, without the paper's names for groups of them. */
export function statements (network: Network): LayerStatement[] {
  return statementsOf(network).map(({ name, operation, inputs }) => ({ name, operation, inputs }))
}

/** A layer of a configuration as Keras 2 writes it. */
export interface LayerEntry {
  class_name: string
  name: string
  config: Record<string, unknown>
  inbound_nodes: unknown[]
}

/** The configuration's layers of a network, functional, as Keras 2 writes them. An activation called after its layer is inside it. */
export function kerasLayers (network: Network): LayerEntry[] {
  const fused = new Map<string, string>()
  for (const { name, operation, inputs: [input = ''] } of network.layers) {
    if (operation.kind === 'activation' && name === `${input}_${operation.activation.function}`) fused.set(name, input)
  }
  const entries = network.layers.filter(({ name }) => !fused.has(name)).map((layer) => {
    const [className, config] = kerasConfig(layer)
    return entry(className, layer.name, config, layer.inputs.map((input) => fused.get(input) ?? input))
  })
  for (const { name, operation } of network.layers) {
    const inside = entries.find((other) => other.name === fused.get(name))
    if (inside !== undefined && operation.kind === 'activation') inside.config.activation = operation.activation.function
  }
  return entries
}

export function entry (className: string, name: string, config: Record<string, unknown>, inputs: readonly string[]): LayerEntry {
  return {
    class_name: className,
    name,
    config: { name, ...config },
    inbound_nodes: inputs.length === 0 ? [] : [inputs.map((input) => [input, 0, 0, {}])]
  }
}

/** A functional model of these layers, from the first to the last. */
export function functional (layers: readonly LayerEntry[], name = 'model'): LayerEntry {
  const ends = { input_layers: [[layers[0]?.name, 0, 0]], output_layers: [[layers.at(-1)?.name, 0, 0]] }
  return { class_name: 'Functional', name, config: { name, layers, ...ends }, inbound_nodes: [] }
}

/** The layers with `added` between a layer and those that read it. */
export function insertAfter (layers: readonly LayerEntry[], name: string, added: LayerEntry): LayerEntry[] {
  const index = layers.findIndex((layer) => layer.name === name)
  const rest = layers.slice(index + 1).map((layer) => ({
    ...layer, inbound_nodes: JSON.parse(JSON.stringify(layer.inbound_nodes).replaceAll(`["${name}",`, `["${added.name}",`)) as unknown[]
  }))
  return [...layers.slice(0, index + 1), added, ...rest]
}

/** The layers with one changed. */
export function change (
  layers: readonly LayerEntry[], name: string, config: Record<string, unknown>, changes: Partial<LayerEntry> = {}
): LayerEntry[] {
  return layers.map((layer) => layer.name === name ? { ...layer, ...changes, config: { ...layer.config, ...config } } : layer)
}

/** A file in memory with a group a layer, each weight filled with its number from 1. */
export function storedModel (network: Network, config: unknown, kind: FileKind = 'hdf5-model'): StoredModel {
  return { kind, config, kerasVersion: undefined, layers: storedLayers(network), close: async () => {} }
}

export function storedLayers ({ layers }: Network): StoredLayer[] {
  const weighted = layers.filter(({ weights }) => weights.length > 0)
  const order = weighted.flatMap(({ weights }) => weights)
  return weighted.map(({ name, weights }) => ({
    path: name,
    weights: weights.map((weight) => storedWeight(`${weight.name}:0`, weight.shape, order.indexOf(weight) + 1))
  }))
}

export function storedWeight (name: string, shape: readonly number[], value: number): StoredWeight {
  return { name, shape, read: async () => new Float32Array(sizeOf(shape)).fill(value) }
}

/** A network of a few layers, each of which reads the one before. */
export function chain (
  side: number, channels: 1 | 3, ...operations: ReadonlyArray<readonly [name: string, operation: Operation]>
): Network {
  const builder = new NetworkBuilder({ side, channels, rescaling: MINUS_ONE_TO_ONE })
  for (const [name, operation] of operations) builder.add({ name, operation, inputs: [builder.last] })
  return builder.build()
}

function kerasConfig ({ operation, outputShape }: Layer): [className: string, config: Record<string, unknown>] {
  switch (operation.kind) {
    case 'input': return ['InputLayer', { batch_input_shape: [null, ...outputShape] }]
    case 'convolution': return ['Conv2D', { filters: operation.filters, groups: operation.groups, ...window(operation) }]
    case 'depthwiseConvolution': return ['DepthwiseConv2D', { depth_multiplier: 1, ...window(operation) }]
    case 'separableConvolution': return ['SeparableConv2D', { filters: operation.filters, depth_multiplier: 1, ...window(operation) }]
    case 'batchNormalization': {
      const { epsilon, scale, center } = operation
      return ['BatchNormalization', { axis: [outputShape.length], epsilon, scale, center }]
    }
    case 'activation': return activation(operation.activation)
    case 'maxPooling': return ['MaxPooling2D', pool(operation)]
    case 'averagePooling': return ['AveragePooling2D', pool(operation)]
    case 'globalAveragePooling': return ['GlobalAveragePooling2D', { keepdims: operation.keepDimensions }]
    case 'globalMaxPooling': return ['GlobalMaxPooling2D', { keepdims: operation.keepDimensions }]
    case 'zeroPadding': return ['ZeroPadding2D', { padding: [[operation.top, operation.bottom], [operation.left, operation.right]] }]
    case 'affine': return ['Rescaling', { scale: operation.scale, offset: operation.offset }]
    case 'add': return ['Add', {}]
    case 'multiply': return ['Multiply', {}]
    case 'concatenate': return ['Concatenate', { axis: -1 }]
    case 'reshape': return ['Reshape', { target_shape: operation.shape }]
    case 'flatten': return ['Flatten', {}]
    case 'dense': return ['Dense', { units: operation.units, use_bias: operation.bias, activation: 'linear' }]
    case 'maximum': return ['Maximum', {}]
    case 'minimum': return ['Minimum', {}]
    case 'layerNormalization': {
      const { epsilon, scale, center } = operation
      return ['LayerNormalization', { axis: [outputShape.length], epsilon, scale, center }]
    }
    case 'unitNormalization': return ['UnitNormalization', { axis: [outputShape.length] }]
    case 'cropping': return ['Cropping2D', { cropping: [[operation.top, operation.bottom], [operation.left, operation.right]] }]
    case 'resizing': return ['Resizing', { height: operation.height, width: operation.width, interpolation: operation.method }]
    case 'parametricRelu': return ['PReLU', { shared_axes: operation.alpha.flatMap((side, axis) => side === 1 ? [axis + 1] : []) }]
    case 'divide': case 'channelMean': case 'channelMax': case 'channelSlice': case 'probabilities':
      throw new Error(`${operation.kind} is no layer of Keras`)
  }
}

function window (operation: Extract<Operation, { dilation: unknown }>): Record<string, unknown> {
  const { kernel, strides, dilation, padding, bias } = operation
  return {
    kernel_size: kernel, strides, dilation_rate: dilation, padding, use_bias: bias, activation: 'linear', data_format: 'channels_last'
  }
}

function pool ({ size, strides, padding }: Extract<Operation, { size: unknown }>): Record<string, unknown> {
  return { pool_size: size, strides, padding }
}

function activation (stated: Activation): [className: string, config: Record<string, unknown>] {
  switch (stated.function) {
    case 'relu': return stated.maximum === undefined ? ['Activation', { activation: 'relu' }] : ['ReLU', { max_value: stated.maximum }]
    case 'leakyRelu': return ['LeakyReLU', { alpha: stated.slope }]
    case 'elu': return stated.alpha === 1 ? ['Activation', { activation: 'elu' }] : ['ELU', { alpha: stated.alpha }]
    case 'hardSigmoid': return ['Activation', { activation: 'hard_sigmoid' }]
    case 'hardSwish': throw new Error('Keras 2 has no hard swish')
    default: return ['Activation', { activation: stated.function }]
  }
}
