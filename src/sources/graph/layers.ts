import type { FlatLayer } from '../keras/flat-layer.js'
import { refuse } from '../keras/refusal.js'
import type { GraphOp } from '../files/index.js'
import { paddingOf, sidesOf, type Window } from './attributes.js'
import type { Constant } from './constants.js'

/*
 * TensorFlow's operations as the layers of Keras's, and functions of TensorFlow's, that compute the same: what reads a Keras model reads
 * them.
 */

/** What an operation reads. */
export type Operand = { readonly layer: FlatLayer } | { readonly constant: Constant }

type Settings = Readonly<Record<string, unknown>>

/** What a layer of Keras's needs to be told of an operation. */
export interface Described {
  readonly className: string
  readonly config: Settings
  readonly keywords: Settings
  /** Tensors, and constants by their values. */
  readonly operands: readonly Operand[]
}

/** Without settings. */
const ACTIVATIONS: Readonly<Record<string, string>> = {
  Relu: 'relu',
  Relu6: 'relu6',
  Selu: 'selu',
  Sigmoid: 'sigmoid',
  Tanh: 'tanh',
  Softmax: 'softmax',
  Softplus: 'softplus',
  Softsign: 'softsign',
  Exp: 'exponential'
}
const ARITHMETIC: Readonly<Record<string, string>> = {
  Add: 'math.add',
  AddV2: 'math.add',
  AddN: 'math.add',
  BiasAdd: 'math.add',
  Sub: 'math.subtract',
  Mul: 'math.multiply',
  RealDiv: 'math.divide',
  Div: 'math.divide',
  Neg: 'math.negative',
  Maximum: 'math.maximum',
  Minimum: 'math.minimum'
}
const REDUCTIONS: Readonly<Record<string, string>> = {
  Mean: 'math.reduce_mean', Max: 'math.reduce_max', Min: 'math.reduce_min', Sum: 'math.reduce_sum'
}
const RESIZING: Readonly<Record<string, string>> = { ResizeBilinear: 'bilinear', ResizeNearestNeighbor: 'nearest' }
const POOLING: Readonly<Record<string, string>> = { MaxPool: 'MaxPooling2D', AvgPool: 'AveragePooling2D' }
const PADS = new Set(['Pad', 'PadV2'])
const NHWC = 'NHWC'

/**
 * The layer that an operation without weights is; undefined where it is none that is known. `integers` reads a small constant.
 * Throws a WeightsError that names the operation and what of it is not supported.
 */
export async function describeOp (
  op: GraphOp, operands: readonly Operand[], integers: (constant: Constant) => Promise<number[]>
): Promise<Described | undefined> {
  const layers = operands.filter((operand) => 'layer' in operand)
  const [input] = layers
  if (input === undefined) return undefined
  const number = async (index: number): Promise<number[]> => {
    const operand = operands[index]
    return operand !== undefined && 'constant' in operand
      ? await integers(operand.constant)
      : refuse(named(op), 'is told by the picture what to do, which is not supported')
  }
  const of = (className: string, config: Settings): Described => (
    { className, config, keywords: {}, operands: [input] }
  )
  const func = (name: string, keywords: Settings, all: readonly Operand[] = [input]): Described => (
    { className: 'TFOpLambda', config: { function: name }, keywords, operands: all }
  )
  const slice = (key: readonly unknown[]): Described => (
    { className: 'SlicingOpLambda', config: {}, keywords: { slice_spec: key }, operands: [input] }
  )
  const activation = ACTIVATIONS[op.op]
  if (activation !== undefined) return of('Activation', { activation })
  const arithmetic = ARITHMETIC[op.op]
  if (arithmetic !== undefined) return func(arithmetic, {}, operands)
  const reduction = REDUCTIONS[op.op]
  if (reduction !== undefined) {
    return func(reduction, { axis: await number(1), keepdims: op.attributes.keep_dims?.flag === true })
  }
  const pooling = POOLING[op.op]
  if (pooling !== undefined) return of(pooling, poolOf(op))
  const resizing = RESIZING[op.op]
  if (resizing !== undefined) {
    if (op.attributes.half_pixel_centers?.flag !== true) refuse(named(op), 'resizes as TensorFlow 1 does, which is not supported')
    const [height, width] = await number(1)
    return of('Resizing', { height, width, interpolation: resizing })
  }
  if (PADS.has(op.op)) return of('ZeroPadding2D', { padding: padOf(op, await number(1), operands.length > 2 ? await number(2) : [0]) })
  switch (op.op) {
    case 'LeakyRelu': return of('LeakyReLU', { negative_slope: op.attributes.alpha?.float ?? 0.2 })
    case 'Elu': return of('ELU', {})
    case 'ConcatV2': {
      const [axis] = await number(operands.length - 1)
      return { className: 'Concatenate', config: { axis }, keywords: {}, operands: operands.slice(0, -1) }
    }
    case 'Reshape': return func('reshape', { shape: await number(1) })
    case 'Squeeze': return squeeze(op, of)
    case 'ReverseV2': {
      // As `x[..., ::-1]`, which what scales a picture is looked for through.
      const isOfChannels = ['3', '-1'].includes((await number(1)).join())
      if (!isOfChannels) refuse(named(op), 'turns around other dimensions than the channels')
      return slice([{ class_name: '__ellipsis__' }, { start: null, stop: null, step: -1 }])
    }
    case 'StridedSlice': return slice(sliceOf(op, await number(1), await number(2), await number(3)))
    default: return undefined
  }
}

/** An operation as messages name it. */
export function named ({ name, op }: GraphOp): { readonly name: string, readonly className: string } {
  return { name, className: op }
}

/** The window of a convolution, without its kernel. Throws a WeightsError if channels come first. */
export function windowOf (op: GraphOp): Omit<Window, 'kernel'> {
  demandChannelsLast(op)
  return { strides: sidesOf(op, 'strides'), dilation: sidesOf(op, 'dilations'), padding: paddingOf(op) }
}

function demandChannelsLast (op: GraphOp): void {
  const { text } = op.attributes.data_format ?? {}
  const format = text === undefined ? NHWC : Buffer.from(text).toString('latin1')
  if (format !== NHWC) refuse(named(op), `computes with channels first (${format}), which is not supported`)
}

function poolOf (op: GraphOp): Settings {
  const { strides, padding } = windowOf(op)
  if (padding === 'explicit') refuse(named(op), 'pads by given numbers, which is not supported')
  return { pool_size: sidesOf(op, 'ksize'), strides, padding }
}

/** [[top, bottom], [left, right]] of the numbers of four dimensions. */
function padOf (op: GraphOp, numbers: readonly number[], [filling = 0]: readonly number[]): number[][] {
  const [before, after, top = 0, bottom = 0, left = 0, right = 0, first, last] = numbers
  const isOfPositions = numbers.length === 8 && [before, after, first, last].every((count) => count === 0)
  if (!isOfPositions || filling !== 0) refuse(named(op), 'pads other dimensions than height and width, or with other numbers than zeros')
  return [[top, bottom], [left, right]]
}

/** Map of one position to a vector. */
function squeeze (op: GraphOp, of: (className: string, config: Settings) => Described): Described {
  const axes = op.attributes.squeeze_dims?.list?.integers ?? []
  if (axes.map((axis) => axis < 0 ? axis + 4 : axis).sort().join() !== '1,2') {
    refuse(named(op), `takes away the dimensions ${axes.join(', ')}, and only those of the positions are supported`)
  }
  return of('Reshape', { target_shape: [-1] })
}

/** What stands between the brackets of Python. */
function sliceOf (op: GraphOp, begin: readonly number[], end: readonly number[], steps: readonly number[]): unknown[] {
  const mask = (name: string): number => op.attributes[name]?.integer ?? 0
  const has = (name: string, at: number): boolean => ((mask(name) >> at) & 1) === 1
  return begin.map((start, at) => {
    if (has('ellipsis_mask', at)) return { class_name: '__ellipsis__' }
    if (has('new_axis_mask', at)) return refuse(named(op), 'adds a dimension, which is not supported')
    if (has('shrink_axis_mask', at)) return start
    return { start: has('begin_mask', at) ? null : start, stop: has('end_mask', at) ? null : end[at] ?? null, step: steps[at] ?? 1 }
  })
}
