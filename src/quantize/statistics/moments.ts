import { affineOf, type ChannelAffine } from '../../compiler/fold/channel-affine.js'
import { weightOf } from '../../compiler/weight-of.js'
import type { Activation, Layer, Network, NetworkInput, OperationOf } from '../../model/network.js'
import { channelsOf } from '../../model/shapes.js'
import type { Weights } from '../../model/weights.js'
import { throughLayer } from './kernels.js'
import { rectified, type Moments } from './normal.js'

/** What the pixels of photographs have, 0 to 255, about. */
const PIXELS = { mean: 118, deviation: 70 }
/** Variance of what functions that end on both sides give, about. */
const BOUNDED_VARIANCE = 0.1
const LARGEST_EXPONENT = 50

/**
 * About what every layer gives, by its name: what batch normalizations were trained to give, and what follows from that for values
 * that are normal and independent of each other.
 */
export function momentsOf ({ input, layers }: Network, weights: Weights): ReadonlyMap<string, Moments> {
  const known = new Map<string, Moments>()
  for (const layer of layers) {
    const inputs = layer.inputs.map((name) => known.get(name) as Moments)
    known.set(layer.name, inputs[0] === undefined ? ofPixels(input) : momentsAfter(layer, inputs[0], inputs, weights))
  }
  return known
}

function ofPixels ({ channels, rescaling: { scale, offset } }: NetworkInput): Moments {
  const of = (numbers: number | readonly number[], channel: number): number => typeof numbers === 'number' ? numbers : numbers[channel] ?? 0
  const perChannel = (value: (channel: number) => number): Float64Array => (
    Float64Array.from({ length: channels }, (_, channel) => value(channel))
  )
  return {
    mean: perChannel((channel) => PIXELS.mean * of(scale, channel) + of(offset, channel)),
    variance: perChannel((channel) => (PIXELS.deviation * of(scale, channel)) ** 2)
  }
}

function momentsAfter (layer: Layer, input: Moments, inputs: readonly Moments[], weights: Weights): Moments {
  const { operation, outputShape } = layer
  const widened = inputs.map((one) => repeated(one, channelsOf(outputShape)))
  switch (operation.kind) {
    case 'batchNormalization': return trained(layer, operation, weights)
    case 'affine': return scaled(input, affineOf(layer, weights))
    case 'activation': return activated(input, operation.activation)
    case 'convolution': case 'depthwiseConvolution': case 'separableConvolution': case 'dense': return throughLayer(layer, input, weights)
    case 'maxPooling': case 'globalMaxPooling': return raised(input)
    case 'channelSlice': return eachArray(input, (numbers) => numbers.slice(operation.start, operation.end))
    case 'add': return widened.reduce(sum)
    case 'multiply': return widened.reduce(product)
    case 'concatenate': return inputs.reduce(joined)
    case 'reshape': case 'flatten': return spread(input, channelsOf(outputShape))
    case 'layerNormalization': return trained(layer, operation, weights)
    case 'unitNormalization': return ofLengthOne(input)
    case 'channelMean': return averaged(input)
    case 'channelMax': return raised(averaged(input))
    case 'maximum': return widened.reduce((left, right) => either(left, right, Math.max))
    case 'minimum': return widened.reduce((left, right) => either(left, right, Math.min))
    case 'divide': return widened.reduce(quotient)
    case 'parametricRelu': return rectified(input)
    case 'input': case 'averagePooling': case 'globalAveragePooling': case 'zeroPadding': case 'cropping': case 'resizing':
    case 'probabilities': return input
  }
}

/** What training held it to. */
function trained (
  layer: Layer, { scale, center }: OperationOf<'batchNormalization' | 'layerNormalization'>, weights: Weights
): Moments {
  const channels = channelsOf(layer.outputShape)
  const numbers = (role: string, isThere: boolean, otherwise: number): Float64Array => (
    isThere ? Float64Array.from(weightOf(layer, role, weights).data) : new Float64Array(channels).fill(otherwise)
  )
  return { mean: numbers('beta', center, 0), variance: numbers('gamma', scale, 1).map((gamma) => gamma ** 2) }
}

function scaled ({ mean, variance }: Moments, affine: ChannelAffine | undefined): Moments {
  return {
    mean: mean.map((value, channel) => value * (affine?.scale[channel] ?? 1) + (affine?.shift[channel] ?? 0)),
    variance: variance.map((value, channel) => value * (affine?.scale[channel] ?? 1) ** 2)
  }
}

function activated (input: Moments, activation: Activation): Moments {
  switch (activation.function) {
    case 'relu': case 'leakyRelu': case 'elu': case 'gelu': case 'silu': case 'hardSwish': case 'selu': case 'softplus': case 'mish':
      return rectified(input)
    case 'exponential': return exponential(input)
    case 'tanh': case 'softsign': return eachArray(input, (numbers) => numbers.map(() => numbers === input.mean ? 0 : BOUNDED_VARIANCE))
    case 'sigmoid': case 'hardSigmoid': case 'softmax':
      return eachArray(input, (numbers) => numbers.map(() => numbers === input.mean ? 1 / 2 : BOUNDED_VARIANCE))
  }
}

/** The largest of a few values is about a deviation above their mean. */
function raised ({ mean, variance }: Moments): Moments {
  return { mean: mean.map((value, channel) => value + Math.sqrt(variance[channel] ?? 0)), variance }
}

function sum (left: Moments, right: Moments): Moments {
  return {
    mean: left.mean.map((value, channel) => value + (right.mean[channel] ?? 0)),
    variance: left.variance.map((value, channel) => value + (right.variance[channel] ?? 0))
  }
}

function product (left: Moments, right: Moments): Moments {
  const [one, other] = [left.mean, right.mean]
  return {
    mean: one.map((value, channel) => value * (other[channel] ?? 0)),
    variance: left.variance.map((value, channel) => {
      const second = right.variance[channel] ?? 0
      return value * second + value * (other[channel] ?? 0) ** 2 + second * (one[channel] ?? 0) ** 2
    })
  }
}

function either (left: Moments, right: Moments, choose: (one: number, other: number) => number): Moments {
  const both = (one: Float64Array, other: Float64Array, of: (a: number, b: number) => number): Float64Array => (
    one.map((value, channel) => of(value, other[channel] ?? 0))
  )
  return { mean: both(left.mean, right.mean, choose), variance: both(left.variance, right.variance, Math.max) }
}

/** As if the divisor hardly varied. */
function quotient ({ mean, variance }: Moments, divisor: Moments): Moments {
  const by = (channel: number): number => divisor.mean[channel] || 1
  return {
    mean: mean.map((value, channel) => value / by(channel)), variance: variance.map((value, channel) => value / by(channel) ** 2)
  }
}

/** Exponentials of normal values are log-normal; bounded where that would be no number. */
function exponential ({ mean, variance }: Moments): Moments {
  const bounded = (exponent: number): number => Math.exp(Math.min(exponent, LARGEST_EXPONENT))
  return {
    mean: mean.map((value, channel) => bounded(value + (variance[channel] ?? 0) / 2)),
    variance: variance.map((value, channel) => (bounded(value) - 1) * bounded(2 * (mean[channel] ?? 0) + value))
  }
}

function averaged ({ mean, variance }: Moments): Moments {
  const total = (numbers: Float64Array): number => numbers.reduce((all, value) => all + value, 0)
  return { mean: Float64Array.of(total(mean) / mean.length), variance: Float64Array.of(total(variance) / mean.length ** 2) }
}

function ofLengthOne (input: Moments): Moments {
  const square = input.mean.reduce((all, value, channel) => all + value ** 2 + (input.variance[channel] ?? 0), 0) || 1
  return { mean: input.mean.map((value) => value / Math.sqrt(square)), variance: input.variance.map((value) => value / square) }
}

/** One channel that stands for all. */
function repeated (moments: Moments, channels: number): Moments {
  if (moments.mean.length === channels || moments.mean.length !== 1) return moments
  return eachArray(moments, ([value = 0]) => new Float64Array(channels).fill(value))
}

function joined (left: Moments, right: Moments): Moments {
  const join = (one: Float64Array, other: Float64Array): Float64Array => Float64Array.from([...one, ...other])
  return { mean: join(left.mean, right.mean), variance: join(left.variance, right.variance) }
}

/** The same moments for all channels, of values that have lost their channels. */
function spread (input: Moments, channels: number): Moments {
  return eachArray(input, (numbers) => new Float64Array(channels).fill(numbers.reduce((total, value) => total + value, 0) / numbers.length))
}

function eachArray (moments: Moments, change: (numbers: Float64Array) => Float64Array): Moments {
  return { mean: change(moments.mean), variance: change(moments.variance) }
}
