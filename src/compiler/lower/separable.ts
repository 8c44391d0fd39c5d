import { channelsOf } from '../../model/shapes.js'
import type { Precision } from '../precision.js'
import { weightOf } from '../weight-of.js'
import { depthwiseWeights, filterNumbers, pointwiseWeights } from './separable-weights.js'
import type { SeparableChain } from './separable-plan.js'
import type { Value, Values } from './values.js'

/** A separable convolution, and what stands around it, as the one op of this project's addon. `name` is the last layer's. */
export function separableChain (name: string, chain: SeparableChain, valueOf: (layer: string) => Value, values: Values): Value {
  const { layer, source, reluInput, reluOutput } = chain
  const { steps } = values
  const input = values.spatial(valueOf(source))
  const { type } = input
  const filters = channelsOf(layer.outputShape)
  const constant = (what: string, type: Precision, numbers: Float32Array): string => (
    steps.numbers(`${layer.name}/${what}`, type, [numbers.length], numbers)
  )
  const depthwise = constant('depthwise_kernel', 'float32', depthwiseWeights(weightOf(layer, 'depthwise_kernel', values.weights)))
  const pointwise = constant('pointwise_kernel', type, pointwiseWeights(weightOf(layer, 'pointwise_kernel', values.weights), type))
  const hasBias = 'bias' in layer.operation && layer.operation.bias
  const bias = hasBias ? weightOf(layer, 'bias', values.weights).data : new Float32Array(filters)
  const summands = chain.summand === undefined ? [] : [values.ofType(values.spatial(valueOf(chain.summand)), type).step]
  const inputs = [input.step, depthwise, pointwise, constant('bias', 'float32', filterNumbers(bias)), ...summands]
  const step = steps.add(name, type, inputs, {
    op: 'XceptionSeparableConvolution', filters, summands: summands.length, reluInput, reluOutput
  })
  return { step, shape: layer.outputShape, form: 'spatial', type }
}
