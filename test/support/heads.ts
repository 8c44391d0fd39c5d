import { Random } from '../../src/base/random.js'
import { NetworkBuilder } from '../../src/model/network-builder.js'
import type { Network, Operation } from '../../src/model/network.js'
import { sizeOf, type Weights } from '../../src/model/weights.js'
import { wavyPicture } from './pictures.js'
import { referenceLayer, type FeatureMap } from './reference-network.js'

export const SIDE = 12
export const UNITS = 4
const WINDOW = { groups: 1, bias: true, strides: [1, 1], dilation: [1, 1], padding: 'same' } satisfies Partial<Operation>
const NORMALIZATION: Operation = { kind: 'batchNormalization', epsilon: 1e-3, scale: true, center: true }
const convolution = (filters: number, side: number): Operation => ({ kind: 'convolution', filters, kernel: [side, side], ...WINDOW })
export const average = (keepDimensions: boolean): Operation => ({ kind: 'globalAveragePooling', keepDimensions })
export const dense = (units: number): Operation => ({ kind: 'dense', units, bias: true })
export const SOFTMAX: Operation = { kind: 'activation', activation: { function: 'softmax' } }
export const RELU: Operation = { kind: 'activation', activation: { function: 'relu' } }

/** What stands after a convolution of 6 filters; the layer whose values are the logits is the last but one. */
export const HEADS = {
  'one dense layer': { layers: [RELU, average(false), dense(UNITS), SOFTMAX], pooled: 0 },
  'batch normalization and arithmetic around a dense layer': {
    layers: [RELU, average(false), NORMALIZATION, dense(UNITS), { kind: 'affine', scale: 1.5, offset: 0.25 }, SOFTMAX], pooled: 0
  },
  'a 1x1 convolution on kept dimensions': {
    layers: [RELU, average(true), NORMALIZATION, convolution(UNITS, 1), { kind: 'reshape', shape: [UNITS] }, SOFTMAX], pooled: 0
  },
  'arithmetic that is folded into nothing': {
    layers: [RELU, average(true), { kind: 'affine', scale: 0.5, offset: 1 }, { kind: 'flatten' }, dense(UNITS), SOFTMAX], pooled: 0
  },
  'a map of the classes that is pooled': { layers: [RELU, convolution(UNITS, 3), average(false), SOFTMAX], pooled: 1 },
  'a map of the classes that is normalized and pooled': {
    layers: [RELU, convolution(UNITS, 3), NORMALIZATION, average(false), SOFTMAX], pooled: 2
  },
  'one sigmoid unit': { layers: [RELU, average(false), dense(1), { kind: 'activation', activation: { function: 'sigmoid' } }], pooled: 0 }
} satisfies Readonly<Record<string, { readonly layers: readonly Operation[], readonly pooled: number }>>

/** A small network with random weights, and pictures of its input's size. */
export interface Prepared { readonly network: Network, readonly weights: Weights, readonly images: ReadonlyArray<Uint8Array<ArrayBuffer>> }

/** A convolution of 6 filters with a head. */
export function prepare (head: readonly Operation[], channels: 1 | 3 = 3, order?: 'bgr'): Prepared {
  const random = new Random(7)
  const rescaling = { scale: 1 / 127.5, offset: channels === 3 ? [-1, -0.9, -1.1] : -1, ...order === undefined ? {} : { order } }
  const builder = new NetworkBuilder({ side: SIDE, channels, rescaling })
  ;[convolution(6, 3), ...head].forEach((operation, index) => builder.add({ name: `layer${index}`, operation, inputs: [builder.last] }))
  const network = builder.build()
  const number = (role: string): number => role === 'moving_variance' ? random.uniform(0.5, 1.5) : random.normal(0.4)
  const weights = new Map(network.layers.flatMap((layer) => layer.weights.map(({ role, name, shape }) => (
    [name, { shape, data: Float32Array.from({ length: sizeOf(shape) }, () => number(role)) }] as const
  ))))
  return { network, weights, images: [0, 1, 2].map(() => wavyPicture(SIDE, channels, random)) }
}

/** The logits of a feature map of zeros, or what a pooled convolution adds everywhere. */
export function expectedBias (network: Network, weights: Weights): number[] {
  const firstOfHead = network.layers.findIndex(({ operation }) => operation.kind === 'globalAveragePooling')
  const hasClassifier = network.layers.length - firstOfHead > 2
  // Where the class map itself is pooled, its convolution sees zeros; the layer before it is the ReLU.
  const zeroed = network.layers[hasClassifier ? firstOfHead - 1 : 2]?.name ?? ''
  const values = new Map<string, FeatureMap>()
  const [height, width, channels] = network.layers.find(({ name }) => name === zeroed)?.outputShape as [number, number, number]
  values.set(zeroed, { height, width, channels, data: new Float64Array(height * width * channels) })
  for (const layer of network.layers.slice(network.layers.findIndex(({ name }) => name === zeroed) + 1)) {
    values.set(layer.name, referenceLayer(layer, layer.inputs.map((input) => values.get(input) as FeatureMap), weights))
  }
  return [...values.get(network.layers.at(-2)?.name ?? '')?.data ?? []]
}
