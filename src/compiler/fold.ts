import type { Layer } from '../model/network.js'
import type { Tensor, Weights } from '../model/weights.js'

/** A convolution's kernel with the batch normalization after it folded in, and the bias that stays. */
export interface FoldedKernel {
  readonly kernel: Tensor
  readonly bias: Float32Array
}

/** What a batch normalization does to each channel: x * scale + shift. */
export interface ChannelAffine {
  readonly scale: Float64Array
  readonly shift: Float64Array
}

/** Looks up one weight of a layer, which `checkWeights` found to be there and to fit. */
export function weightOf (layer: Layer, role: string, weights: Weights): Tensor {
  const tensor = weights.get(layer.weights.find((weight) => weight.role === role)?.name ?? '')
  if (tensor === undefined) throw new Error(`${layer.name} has no weight called ${role}`)
  return tensor
}

/** Batch normalization at inference as one multiplication and one addition a channel, in float64. */
export function batchNormAffine (layer: Layer, weights: Weights): ChannelAffine {
  if (layer.operation.kind !== 'batchNormalization') throw new Error(`${layer.name} is not a batch normalization`)
  const { epsilon } = layer.operation
  const [gamma, beta, mean, variance] = ['gamma', 'beta', 'moving_mean', 'moving_variance'].map((name) => weightOf(layer, name, weights).data) as [Float32Array, Float32Array, Float32Array, Float32Array]
  const scale = Float64Array.from(gamma, (value, channel) => value / Math.sqrt((variance[channel] ?? 0) + epsilon))
  const shift = Float64Array.from(beta, (value, channel) => value - (mean[channel] ?? 0) * (scale[channel] ?? 0))
  return { scale, shift }
}

/** Scales the kernel's output channels (its last dimension) in float64 and rounds once. */
export function foldIntoKernel (kernel: Tensor, { scale, shift }: ChannelAffine): FoldedKernel {
  const channels = scale.length
  const data = new Float32Array(kernel.data.length)
  for (let start = 0; start < data.length; start += channels) {
    for (let channel = 0; channel < channels; channel++) {
      data[start + channel] = (kernel.data[start + channel] as number) * (scale[channel] as number)
    }
  }
  return { kernel: { shape: kernel.shape, data }, bias: Float32Array.from(shift) }
}
