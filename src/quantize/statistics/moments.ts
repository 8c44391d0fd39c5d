import { affineOf, type ChannelAffine } from '../../compiler/fold/channel-affine.js'
import { weightOf } from '../../compiler/weight-of.js'
import type { Activation, Layer, Network, NetworkInput, OperationOf } from '../../model/network.js'
import { channelsOf } from '../../model/shapes.js'
import type { Weights } from '../../model/weights.js'
import { throughLayer } from './kernels.js'
import { rectified, type Moments } from './normal.js'

/** Of the pixels of photographs, 0 to 255, about. */
const PIXELS = { mean: 118, deviation: 70 }
/** Of what functions that end on both sides give, about. */
const BOUNDED_VARIANCE = 0.1

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
  switch (operation.kind) {
    case 'batchNormalization': return trained(layer, operation, weights)
    case 'affine': return scaled(input, affineOf(layer, weights))
    case 'activation': return activated(input, operation.activation)
    case 'convolution': case 'depthwiseConvolution': case 'separableConvolution': case 'dense': return throughLayer(layer, input, weights)
    case 'maxPooling': case 'globalMaxPooling': return raised(input)
    case 'channelSlice': return eachArray(input, (numbers) => numbers.slice(operation.start, operation.end))
    case 'add': return inputs.reduce(sum)
    case 'multiply': return inputs.reduce(product)
    case 'concatenate': return inputs.reduce(joined)
    case 'reshape': case 'flatten': return spread(input, channelsOf(outputShape))
    default: return input
  }
}

/** What training held it to. */
function trained (layer: Layer, { scale, center }: OperationOf<'batchNormalization'>, weights: Weights): Moments {
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
    case 'relu': case 'leakyRelu': case 'elu': case 'gelu': case 'silu': case 'hardSwish': return rectified(input)
    case 'tanh': return eachArray(input, (numbers) => numbers.map(() => numbers === input.mean ? 0 : BOUNDED_VARIANCE))
    default: return eachArray(input, (numbers) => numbers.map(() => numbers === input.mean ? 1 / 2 : BOUNDED_VARIANCE))
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

function joined (left: Moments, right: Moments): Moments {
  const join = (one: Float64Array, other: Float64Array): Float64Array => Float64Array.from([...one, ...other])
  return { mean: join(left.mean, right.mean), variance: join(left.variance, right.variance) }
}

/** Of values that have lost their channels, all alike. */
function spread (input: Moments, channels: number): Moments {
  return eachArray(input, (numbers) => new Float64Array(channels).fill(numbers.reduce((total, value) => total + value, 0) / numbers.length))
}

function eachArray (moments: Moments, change: (numbers: Float64Array) => Float64Array): Moments {
  return { mean: change(moments.mean), variance: change(moments.variance) }
}
