import type { Layer } from '../../model/network.js'
import type { LayerQuantization } from '../../model/quantization.js'
import { channelsOf } from '../../model/shapes.js'
import type { Precision } from '../precision.js'
import { weightOf } from '../weight-of.js'
import { quantizedWeights } from './quantized-weights.js'
import { channelNumbers, depthwiseWeights, filterNumbers, pointwiseIntegers, pointwiseWeights } from './kernel-weights.js'
import type { Chain } from './chain-plan.js'
import type { Value, Values } from './values.js'

/** With more of them, sums of products of 255 and 127 might not fit into 32 bits. */
const MOST_QUANTIZED_CHANNELS = 65_536

/**
 * A separable convolution, and what stands around it, as the one op of this project's addon. `name` is the last layer's. With a
 * quantization its product is of int8.
 */
export function separableChain (
  name: string, chain: Chain, valueOf: (layer: string) => Value, values: Values, quantization?: LayerQuantization
): Value {
  const { layer, source, reluInput, reluOutput } = chain
  const { steps } = values
  const input = values.spatial(valueOf(source))
  const { type } = input
  const quantized = quantization !== undefined && channelsOf(input.shape) <= MOST_QUANTIZED_CHANNELS
  const weights = quantized ? int8Constants(layer, quantization, values) : floatConstants(layer, type, values)
  const summands = chain.summand === undefined ? [] : [values.ofType(values.spatial(valueOf(chain.summand)), type).step]
  const step = steps.add(name, type, [input.step, ...weights, ...summands], {
    op: 'XceptionSeparableConvolution',
    quantized,
    filters: channelsOf(layer.outputShape),
    summands: summands.length,
    reluInput,
    reluOutput
  })
  return { step, shape: layer.outputShape, form: 'spatial', type }
}

/** The op's weights and bias. */
function floatConstants (layer: Layer, type: Precision, values: Values): string[] {
  const { depthwise, pointwise, bias } = weightsOf(layer, values)
  return [
    constant(layer, 'depthwise_kernel', 'float32', depthwiseWeights(depthwise), values),
    constant(layer, 'pointwise_kernel', type, pointwiseWeights(pointwise, type), values),
    constant(layer, 'bias', 'float32', filterNumbers(bias), values)
  ]
}

/** The same in int8: the depthwise weights with the channels' shifts behind them, and the bias with the filters' scales. */
function int8Constants (layer: Layer, quantization: LayerQuantization, values: Values): string[] {
  const float = weightsOf(layer, values)
  const { depthwise, shifts, pointwise, scales, bias } = quantizedWeights(float, quantization)
  return [
    constant(layer, 'depthwise_kernel', 'float32', joined(depthwiseWeights(depthwise), channelNumbers(shifts)), values),
    constant(layer, 'pointwise_kernel', 'int8', pointwiseIntegers(float.pointwise.shape, pointwise), values),
    constant(layer, 'bias', 'float32', joined(filterNumbers(bias), filterNumbers(scales)), values)
  ]
}

function weightsOf (layer: Layer, { weights }: Values): Parameters<typeof quantizedWeights>[0] {
  const hasBias = 'bias' in layer.operation && layer.operation.bias
  return {
    depthwise: weightOf(layer, 'depthwise_kernel', weights),
    pointwise: weightOf(layer, 'pointwise_kernel', weights),
    bias: hasBias ? weightOf(layer, 'bias', weights).data : new Float32Array(channelsOf(layer.outputShape))
  }
}

function constant (layer: Layer, what: string, type: Precision | 'int8', numbers: Float32Array | Int8Array, { steps }: Values): string {
  return steps.add(`${layer.name}/${what}`, type, [], { op: 'Const', shape: [numbers.length], values: numbers })
}

function joined (first: Float32Array, second: Float32Array): Float32Array {
  const both = new Float32Array(first.length + second.length)
  both.set(first)
  both.set(second, first.length)
  return both
}
