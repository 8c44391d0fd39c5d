import { Type } from 'typebox'
import { Value } from 'typebox/value'
import { describe, parsePart, refuse } from './refusal.js'
import type { FlatLayer } from './flatten.js'
import { channelValues, type ChannelValues } from './values.js'

type Arithmetic = 'add' | 'subtract' | 'multiply' | 'divide'

/** A layer that maps each channel's value x to another by a multiplication and an addition. */
export type ScalingOperation =
  | { readonly kind: 'affine', readonly scale: ChannelValues, readonly offset: ChannelValues }
  /** (x - mean) / deviation, or its inverse; the statistics are among the weights where the configuration has none. */
  | { readonly kind: 'normalization', readonly statistics: Statistics | undefined, readonly invert: boolean }

/** Mean and variance of each channel. */
export interface Statistics {
  readonly mean: ChannelValues
  readonly variance: ChannelValues
}

/** Keras 3's operations and TensorFlow's functions as Keras 2 names them. */
const ARITHMETIC: ReadonlyMap<string, Arithmetic> = new Map([
  ['TrueDivide', 'divide'], ['Divide', 'divide'], ['Subtract', 'subtract'], ['Multiply', 'multiply'], ['Add', 'add'],
  ['math.truediv', 'divide'], ['math.divide', 'divide'], ['__operators__.truediv', 'divide'], ['realdiv', 'divide'],
  ['math.subtract', 'subtract'], ['subtract', 'subtract'], ['__operators__.sub', 'subtract'],
  ['math.multiply', 'multiply'], ['multiply', 'multiply'], ['__operators__.mul', 'multiply'],
  ['math.add', 'add'], ['add', 'add'], ['__operators__.add', 'add']
])

const NormalizationConfig = Type.Object({
  mean: Type.Optional(Type.Unknown()),
  variance: Type.Optional(Type.Unknown()),
  invert: Type.Optional(Type.Boolean())
})

/** Undefined where the layer does not scale. Throws a WeightsError if it scales in a way that is not one number a channel. */
export function scalingOperation (layer: FlatLayer): ScalingOperation | undefined {
  if (layer.className === 'Rescaling') {
    const { scale, offset = 0 } = layer.config
    return { kind: 'affine', scale: channelValues(layer, 'a scale', scale), offset: channelValues(layer, 'an offset', offset) }
  }
  if (layer.className === 'Normalization') return normalization(layer)
  const operator = ARITHMETIC.get(layer.className === 'TFOpLambda' ? String(layer.config.function) : layer.className)
  return operator === undefined ? undefined : arithmetic(layer, operator)
}

function normalization (layer: FlatLayer): ScalingOperation {
  const { mean, variance, invert = false } = parsePart(NormalizationConfig, layer.config, describe(layer))
  const given = !(isAbsent(mean) || isAbsent(variance))
  const statistics = given ? { mean: channelValues(layer, 'a mean', mean), variance: channelValues(layer, 'a variance', variance) } : undefined
  return { kind: 'normalization', statistics, invert }
}

function isAbsent (value: unknown): boolean {
  return Value.Check(Type.Union([Type.Null(), Type.Undefined()]), value)
}

/** One operand is the tensor, the other a constant. */
function arithmetic (layer: FlatLayer, operator: Arithmetic): ScalingOperation {
  const constants = layer.operands.filter((operand) => 'constant' in operand)
  if (layer.operands.length !== 2 || constants.length !== 1) refuse(layer, 'is arithmetic, and only arithmetic of pixels with one constant is supported')
  const constant = channelValues(layer, 'a constant', constants[0]?.constant)
  const constantFirst = layer.operands[0] !== undefined && 'constant' in layer.operands[0]
  const each = (compute: (value: number) => number): ChannelValues => [compute(constant[0]), compute(constant[1]), compute(constant[2])]
  switch (operator) {
    case 'add': return { kind: 'affine', scale: [1, 1, 1], offset: constant }
    case 'subtract': return constantFirst ? { kind: 'affine', scale: [-1, -1, -1], offset: constant } : { kind: 'affine', scale: [1, 1, 1], offset: each((value) => 0 - value) }
    case 'multiply': return { kind: 'affine', scale: constant, offset: [0, 0, 0] }
    case 'divide': {
      if (constantFirst) refuse(layer, 'divides a constant by the pixels, which is not a scaling')
      if (constant.includes(0)) refuse(layer, 'divides by zero')
      return { kind: 'affine', scale: each((value) => 1 / value), offset: [0, 0, 0] }
    }
  }
}
