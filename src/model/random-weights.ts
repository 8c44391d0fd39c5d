import { Random } from '../base/random.js'
import type { Activation, Layer, Network, NetworkInput } from './network.js'
import { channelsOf } from './shapes.js'
import { sizeOf, type Tensor, type Weights } from './weights.js'

/** Part of what decides the weights, beside the network. */
export const WEIGHTS_SEED = 1

/** Classifiers give logits about this far apart, so that no class takes all. */
const LOGIT_SCALE = 2

/** Gammas and moving variances lie this far around 1, betas and moving means this far around 0. */
const SPREAD = 0.25
const OFFSET = 0.1

/** A uniform pixel has this mean and mean square, before rescaling. */
const PIXEL_MEAN = 255 / 2
const PIXEL_MEAN_SQUARE = 255 ** 2 / 3

/** About what the largest of a window of neighbours does to the mean square, and what non-linearities around zero leave of it. */
const MAX_POOLING_GAIN = 1.5
const HALF = 0.5
/** Mean square of a sigmoid of about normal values. */
const SIGMOID_MEAN_SQUARE = 0.3

/**
 * Weights from a seed, the same for the same network. A kernel's numbers are normal with a variance of one over its fan-in
 * times the mean square of what it reads, so that what it gives has variance 1: after a ReLU that is He's rule (arXiv
 * 1502.01852). Activations neither die nor explode, however deep the network and however many branches it sums.
 */
export function randomWeights (network: Network, seed = WEIGHTS_SEED): Weights {
  const random = new Random(seed)
  const given = new Map<string, Given>()
  const weights = new Map<string, Tensor>()
  const classifier = network.layers.findLast((layer) => layer.weights.length > 0)
  for (const layer of network.layers) {
    const read = layer.inputs.flatMap((input) => given.get(input) ?? [])
    const spread = layer === classifier ? LOGIT_SCALE : 1
    const gain = spread / Math.sqrt(read[0]?.meanSquare ?? 1)
    for (const { role, name, shape } of layer.weights) weights.set(name, randomTensor(random, role, shape, gain))
    given.set(layer.name, { meanSquare: meanSquare(layer, read, network.input), channels: channelsOf(layer.outputShape) })
  }
  return weights
}

/** About what a layer gave. */
interface Given { readonly meanSquare: number, readonly channels: number }

function randomTensor (random: Random, role: string, shape: readonly number[], gain: number): Tensor {
  const next = source(random, role, shape, gain)
  return { shape, data: new Float32Array(sizeOf(shape)).map(next) }
}

function source (random: Random, role: string, shape: readonly number[], gain: number): () => number {
  switch (role) {
    case 'depthwise_kernel': return () => random.normal(gain / Math.sqrt(sizeOf(shape.slice(0, 2))))
    // It reads what its depthwise step gave.
    case 'pointwise_kernel': return () => random.normal(1 / Math.sqrt(sizeOf(shape.slice(0, -1))))
    case 'kernel': return () => random.normal(gain / Math.sqrt(sizeOf(shape.slice(0, -1))))
    case 'gamma': case 'moving_variance': return () => random.uniform(1 - SPREAD, 1 + SPREAD)
    default: return () => random.normal(OFFSET)
  }
}

/** About the mean square of what a layer gives, from those of what it reads. */
function meanSquare ({ operation, outputShape }: Layer, read: readonly Given[], input: NetworkInput): number {
  const first = read[0]?.meanSquare ?? 1
  switch (operation.kind) {
    case 'input': return inputMeanSquare(input)
    case 'convolution': case 'depthwiseConvolution': case 'separableConvolution': case 'dense': return 1
    case 'batchNormalization': return first + 2 * OFFSET ** 2
    case 'affine': return average(operation.scale, (scale) => scale ** 2) * first + average(operation.offset, (offset) => offset ** 2)
    case 'activation': return activated(operation.activation, first)
    case 'layerNormalization': return 1 + 2 * OFFSET ** 2
    case 'unitNormalization': return 1 / channelsOf(outputShape)
    case 'parametricRelu': return first * HALF
    case 'maxPooling': return first * MAX_POOLING_GAIN
    case 'divide': return 1
    case 'add': return read.reduce((sum, one) => sum + one.meanSquare, 0)
    case 'multiply': return read.reduce((product, one) => product * one.meanSquare, 1)
    case 'concatenate': return read.reduce((sum, one) => sum + one.meanSquare * one.channels, 0) / channelsOf(outputShape)
    default: return first
  }
}

function inputMeanSquare ({ rescaling: { scale, offset } }: NetworkInput): number {
  const scales = typeof scale === 'number' ? [scale] : scale
  const offsets = typeof offset === 'number' ? [offset] : offset
  const channels = Array.from({ length: Math.max(scales.length, offsets.length) }, (_, channel) => {
    const [factor = 1, shift = 0] = [scales[channel % scales.length], offsets[channel % offsets.length]]
    return factor ** 2 * PIXEL_MEAN_SQUARE + 2 * factor * shift * PIXEL_MEAN + shift ** 2
  })
  return average(channels, (channel) => channel)
}

function activated (activation: Activation, read: number): number {
  switch (activation.function) {
    case 'sigmoid': case 'hardSigmoid': case 'softmax': return SIGMOID_MEAN_SQUARE
    // The mean square of exp(x) for a standard normal x.
    case 'exponential': return Math.exp(2)
    case 'tanh': case 'softsign': return Math.min(read, 1) * HALF
    default: return read * HALF
  }
}

function average (numbers: number | readonly number[], of: (number: number) => number): number {
  const all = typeof numbers === 'number' ? [numbers] : numbers
  return all.reduce((sum, one) => sum + of(one), 0) / all.length
}
