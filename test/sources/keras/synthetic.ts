import type { Architecture } from '../../../src/model/architecture.js'
import type { FileKind, StoredLayer, StoredModel, StoredWeight } from '../../../src/sources/files/index.js'
import { layersOf, type Layer } from '../../../src/model/layers.js'
import { sizeOf } from '../../../src/model/weights.js'

/** A small network of the family. */
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

/** A layer of a configuration as Keras 2 writes it. */
export interface LayerEntry {
  class_name: string
  name: string
  config: Record<string, unknown>
  inbound_nodes: unknown[]
}

/** The configuration's layers of a network, functional, as Keras 2 writes them. */
export function kerasLayers (architecture: Architecture): LayerEntry[] {
  return layersOf(architecture).map((layer) => {
    const [className, config] = kerasConfig(layer)
    return entry(className, layer.name, config, layer.inputs)
  })
}

export function entry (className: string, name: string, config: Record<string, unknown>, inputs: readonly string[]): LayerEntry {
  return { class_name: className, name, config: { name, ...config }, inbound_nodes: inputs.length === 0 ? [] : [inputs.map((input) => [input, 0, 0, {}])] }
}

/** A functional model of these layers, from the first to the last. */
export function functional (layers: readonly LayerEntry[], name = 'model'): LayerEntry {
  const ends = { input_layers: [[layers[0]?.name, 0, 0]], output_layers: [[layers.at(-1)?.name, 0, 0]] }
  return { class_name: 'Functional', name, config: { name, layers, ...ends }, inbound_nodes: [] }
}

/** The layers with `added` between a layer and those that read it. */
export function insertAfter (layers: readonly LayerEntry[], name: string, added: LayerEntry): LayerEntry[] {
  const index = layers.findIndex((layer) => layer.name === name)
  const rest = layers.slice(index + 1).map((layer) => ({ ...layer, inbound_nodes: JSON.parse(JSON.stringify(layer.inbound_nodes).replaceAll(`["${name}",`, `["${added.name}",`)) as unknown[] }))
  return [...layers.slice(0, index + 1), added, ...rest]
}

/** The layers with one changed. */
export function change (layers: readonly LayerEntry[], name: string, config: Record<string, unknown>, changes: Partial<LayerEntry> = {}): LayerEntry[] {
  return layers.map((layer) => layer.name === name ? { ...layer, ...changes, config: { ...layer.config, ...config } } : layer)
}

/** A file in memory with a group a layer, each weight filled with its number from 1. */
export function storedModel (architecture: Architecture, config: unknown, kind: FileKind = 'hdf5-model'): StoredModel {
  return { kind, config, kerasVersion: undefined, layers: storedLayers(architecture), close: async () => {} }
}

export function storedLayers (architecture: Architecture): StoredLayer[] {
  const weighted = layersOf(architecture).filter(({ weights }) => weights.length > 0)
  const order = weighted.flatMap(({ weights }) => weights)
  return weighted.map(({ name, weights }) => ({
    path: name,
    weights: weights.map((weight) => storedWeight(`${weight.name}:0`, weight.shape, order.indexOf(weight) + 1))
  }))
}

export function storedWeight (name: string, shape: readonly number[], value: number): StoredWeight {
  return { name, shape, read: async () => new Float32Array(sizeOf(shape)).fill(value) }
}

function kerasConfig ({ operation, outputShape, weights }: Layer): [className: string, config: Record<string, unknown>] {
  const filters = outputShape.at(-1)
  switch (operation.kind) {
    case 'input': return ['InputLayer', { batch_input_shape: [null, ...outputShape] }]
    case 'convolution': return ['Conv2D', { filters, kernel_size: side(operation.kernelSize), strides: side(operation.stride), padding: operation.padding, use_bias: false, activation: 'linear' }]
    case 'separableConvolution': return ['SeparableConv2D', { filters, kernel_size: side(operation.kernelSize), strides: side(1), padding: 'same', use_bias: false, activation: 'linear' }]
    case 'batchNormalization': return ['BatchNormalization', { axis: [outputShape.length], epsilon: operation.epsilon, center: true, scale: true }]
    case 'activation': return ['Activation', { activation: operation.activation }]
    case 'maxPooling': return ['MaxPooling2D', { pool_size: side(operation.size), strides: side(operation.stride), padding: 'same' }]
    case 'add': return ['Add', {}]
    case 'globalAveragePooling': return ['GlobalAveragePooling2D', {}]
    case 'globalMaxPooling': return ['GlobalMaxPooling2D', {}]
    case 'flatten': return ['Flatten', {}]
    case 'dense': return ['Dense', { units: filters, activation: operation.activation, use_bias: weights.length > 1 }]
  }
}

function side (size: number): [number, number] {
  return [size, size]
}
