import { channelsOf } from '../../model/shapes.js'
import type { Layer, OperationOf, Shape } from '../../model/network.js'
import type { BinaryOp } from '../steps.js'
import type { Value, Values } from './values.js'

/** Two or more inputs, one after the other; a side of 1 is repeated. */
export function combination (layer: Layer, op: BinaryOp, inputs: readonly Value[], values: Values): Value {
  const [first, ...others] = values.ofOneType(inputs) as readonly [Value, ...Value[]]
  return others.reduce((left, right, index) => {
    const [a, b] = areAlike(left, right) ? [left, right] : [values.spatial(left), values.spatial(right)]
    const name = index === others.length - 1 ? layer.name : `${layer.name}/${index + 1}`
    return { step: values.steps.binary(name, op, a.step, b.step, a.type), shape: wider(a.shape, b.shape), form: a.form, type: a.type }
  }, first)
}

export function concatenation (layer: Layer, inputs: readonly Value[], values: Values): Value {
  const ofOneType = values.ofOneType(inputs)
  const form = ofOneType.every((value) => value.form === 'rows') ? 'rows' : 'spatial'
  const formed = form === 'rows' ? ofOneType : ofOneType.map((value) => values.spatial(value))
  const type = formed[0]?.type ?? values.precision
  const step = values.steps.concat(layer.name, formed.map((value) => value.step), type, form === 'rows' ? 1 : 3)
  return { step, shape: layer.outputShape, form, type }
}

export function channelSlice (layer: Layer, { start, end }: OperationOf<'channelSlice'>, input: Value, values: Values): Value {
  const others = input.form === 'rows' ? [0] : [0, 0, 0]
  const step = values.steps.slice(layer.name, input.step, input.type, [...others, start], [...others.map(() => -1), end - start])
  return { ...input, step, shape: layer.outputShape }
}

/** Values in the same order under another shape. Vectors are float32, since what reads them is small. */
export function reshaped (layer: Layer, input: Value, values: Values): Value {
  const { name, outputShape: shape } = layer
  const value = shape.length === 1 ? values.ofType(input, 'float32') : input
  if (value.form === 'rows' && channelsOf(shape) === channelsOf(value.shape)) return { ...value, shape }
  const form = shape.length === 1 ? 'rows' : 'spatial'
  return { step: values.steps.reshape(name, value.step, value.type, [-1, ...shape]), shape, form, type: value.type }
}

/** Rows can be combined as they are where each stands for the same position in both. */
function areAlike (left: Value, right: Value): boolean {
  if (left.form !== right.form) return false
  return left.form === 'spatial' || left.shape.slice(0, -1).join() === right.shape.slice(0, -1).join()
}

function wider (left: Shape, right: Shape): Shape {
  return left.map((side, index) => Math.max(side, right[index] ?? 1)) as unknown as Shape
}
