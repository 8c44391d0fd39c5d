import { channelsOf, marginsOf } from '../../model/shapes.js'
import type { OperationOf, Sides } from '../../model/network.js'
import { sizeOf } from '../../model/weights.js'
import { weightOf } from '../weight-of.js'
import type { Chain } from './chain-plan.js'
import { filterNumbers, pointwiseWeights } from './kernel-weights.js'
import type { Value, Values } from './values.js'

/** A dense convolution, and what stands behind it, as the one op of this project's addon. `name` is the last layer's. */
export function denseChain (
  name: string, chain: Chain, operation: OperationOf<'convolution'>, valueOf: (layer: string) => Value, values: Values
): Value {
  const { layer, source, summand, poolSummand, reluOutput } = chain
  const { steps } = values
  const { kernel: window, strides, padding, bias: hasBias } = operation
  const input = values.spatial(valueOf(source))
  const { type } = input
  const filters = channelsOf(layer.outputShape)
  const { shape, data } = weightOf(layer, 'kernel', values.weights)
  const kernel = pointwiseWeights({ shape: [1, 1, sizeOf(shape) / filters, filters], data }, type)
  const bias = filterNumbers(hasBias ? weightOf(layer, 'bias', values.weights).data : new Float32Array(filters))
  const pooled = poolSummand === undefined || summand === undefined
    ? undefined
    : marginsOf(poolSummand.padding, sidesOf(valueOf(summand).shape), poolSummand)
  const poolBefore = [pooled?.top ?? 0, pooled?.left ?? 0] as const
  const summands = summand === undefined ? [] : [values.ofType(values.spatial(valueOf(summand)), type).step]
  const inputs = [
    input.step,
    steps.numbers(`${layer.name}/kernel`, type, [kernel.length], kernel),
    steps.numbers(`${layer.name}/bias`, 'float32', [bias.length], bias),
    ...summands
  ]
  const step = steps.add(name, type, inputs, {
    op: 'XceptionConvolution',
    filters,
    window,
    strides,
    margins: marginsOf(padding, sidesOf(input.shape), { size: window, strides }),
    summands: summands.length,
    poolSummand: poolSummand !== undefined,
    poolBefore,
    reluOutput
  })
  return { step, shape: layer.outputShape, form: 'spatial', type }
}

function sidesOf ([height = 1, width = 1]: readonly number[]): Sides {
  return [height, width]
}
