import type { Margins, Sides } from '../model/network.js'
import type { DataType } from './messages.js'
import type { Precision } from './precision.js'
import type { TrainingOp } from './training-ops.js'

/*
 * What lowering makes of a network: TensorFlow ops one by one, without TensorFlow's way to write them down (which is `emit.ts`'s).
 * All of them have kernels for float32 and bfloat16 on CPUs and GPUs in TensorFlow 2.21, by its own list (`TF_GetRegisteredKernelsForOp`),
 * but this project's own, and `DecodeRaw`, which TensorFlow places on the CPU by itself. Those that choose classes (`TopKV2`, `GatherV2`,
 * `Einsum`) are there for float32, in which they are used.
 */

export type UnaryOp = 'Relu' | 'Relu6' | 'Elu' | 'Sigmoid' | 'Tanh' | 'Erf' | 'Softmax' | 'Round' | FloatOp
/** Used in float32 alone. */
export type FloatOp = 'Selu' | 'Softplus' | 'Softsign' | 'Exp' | 'Rsqrt'
export type BinaryOp = 'AddV2' | 'Mul' | 'Sub' | 'RealDiv' | 'Minimum' | 'Maximum'

/** An op's kind, and all that defines it but its inputs and the type of its numbers. Feature maps are NHWC. */
export type Op =
  | { readonly op: 'Placeholder', readonly shape: readonly number[] }
  /** Float32 values, rounded to the step's type when they are written; integers for int32 and int8. */
  | { readonly op: 'Const', readonly shape: readonly number[], readonly values: Float32Array | Int32Array | Int8Array }
  | { readonly op: 'DecodeRaw' | 'BiasAdd' | 'Reshape' | 'Pad' | 'Slice' | 'ReverseV2' | 'ConcatV2' | UnaryOp | BinaryOp }
  /** Product of two matrices, one of which may be taken transposed. */
  | { readonly op: 'MatMul', readonly transposed?: 'left' | 'right' }
  /**
   * Numbers of a file of that name, as bytes, whose last dimension is one number's; `shared` is the variable's name, which it is found
   * by.
   */
  | { readonly op: 'ReadFile' | 'Bitcast' | 'AssignVariableOp' | 'ReadVariableOp' | 'NoOp' }
  | { readonly op: 'VarHandleOp', readonly shape: readonly number[], readonly shared: string }
  /**
   * Of a feature map; scale, offset, mean and variance are float32 whatever the type. With the batch's own mean and variance, which
   * are its second and third output then, mean and variance are read empty.
   */
  | { readonly op: 'FusedBatchNormV3', readonly epsilon: number, readonly ofBatch?: true }
  | { readonly op: 'Cast', readonly from: DataType }
  | { readonly op: 'LeakyRelu', readonly slope: number }
  | { readonly op: 'Conv2D', readonly strides: Sides, readonly dilation: Sides, readonly padding: 'valid' | 'same' }
  /**
   * This project's own, of CPUs for which the set-up compiled it: a 3x3 depthwise convolution with a ReLU before it or none, and a
   * pointwise one with bias, one summand or none, and a ReLU or none. Bias and depthwise weights are float32 whatever the type, and
   * the pointwise weights are int8 where it is quantized.
   */
  | {
    readonly op: 'XceptionSeparableConvolution'
    readonly quantized: boolean
    readonly filters: number
    readonly summands: number
    readonly reluInput: boolean
    readonly reluOutput: boolean
  }
  /**
   * The same of a dense convolution: the kernel with bias, one summand or none, and a ReLU or none. With `poolSummand` the summand is
   * what max pooling of 3x3 windows at every second position makes of the last input.
   */
  | {
    readonly op: 'XceptionConvolution'
    readonly filters: number
    readonly window: Sides
    readonly strides: Sides
    readonly margins: Margins
    readonly summands: number
    readonly poolSummand: boolean
    /** Rows and columns before the first window of the pooling that are outside of the summand: 0 or 1. */
    readonly poolBefore: Sides
    readonly reluOutput: boolean
  }
  /** Notes when a run comes to it, and gives what it reads: this project's own, for measuring. */
  | { readonly op: 'XceptionStamp' }
  | { readonly op: 'DepthwiseConv2dNative', readonly stride: number, readonly padding: 'valid' | 'same' }
  | { readonly op: 'MaxPool' | 'AvgPool', readonly size: Sides, readonly strides: Sides, readonly padding: 'valid' | 'same' }
  /** Over the axes that the second input names, which go, or have a length of 1 where they are kept. */
  | { readonly op: 'Mean' | 'Max' | 'Sum', readonly keepsAxes?: true }
  /** To the size that the second input says; used in float32 alone. */
  | { readonly op: 'ResizeNearestNeighbor' | 'ResizeBilinear' }
  /** The largest of each row, as many as the second input says, in descending order; their indices, int32, are its second output. */
  | { readonly op: 'TopKV2' }
  /** Slices of the first input by the indices of the second, along the axis that the third names. */
  | { readonly op: 'GatherV2', readonly batchDimensions: number }
  | { readonly op: 'Einsum', readonly equation: string }
  /** By dimension: `toEnd` are those that are read up to their end, `dropped` those that go. */
  | { readonly op: 'StridedSlice', readonly toEnd: readonly number[], readonly dropped: readonly number[] }
  /** Its input goes to the first output where the condition is false, to the second where it is true; nothing goes to the other. */
  | { readonly op: 'Switch' }
  /** Whichever input there is. */
  | { readonly op: 'Merge' }
  | TrainingOp

/** One op of a graph. */
export type Step = Op & {
  readonly name: string
  /** Type of the numbers that it gives. */
  readonly type: DataType
  /** Names of steps; `:1` after a name means its second output, `^` before it that it only comes first. */
  readonly inputs: readonly string[]
}

/**
 * Appends steps. Each method adds one op and the small constants that it needs, and returns the name by which others read it: the
 * wanted one, changed where TensorFlow does not allow it or another step has it (a layer may be called `probabilities`, or `my layer`).
 */
export class StepList {
  readonly steps: Step[]
  private readonly names: Set<string>

  /** Begins with the steps that there are. */
  constructor (steps: readonly Step[] = []) {
    this.steps = [...steps]
    this.names = new Set(steps.map(({ name }) => name))
  }

  placeholder (name: string, type: DataType, shape: readonly number[]): string {
    return this.add(name, type, [], { op: 'Placeholder', shape })
  }

  /** A constant of float32 values. */
  numbers (name: string, type: Precision, shape: readonly number[], values: Float32Array): string {
    return this.add(name, type, [], { op: 'Const', shape, values })
  }

  /** `shape` may hold one -1. */
  reshape (name: string, input: string, type: DataType, shape: readonly number[]): string {
    return this.add(name, type, [input, this.integers(`${name}/shape`, shape)], { op: 'Reshape' })
  }

  cast (name: string, input: string, from: DataType, to: DataType): string {
    return this.add(name, to, [input], { op: 'Cast', from })
  }

  /** Zeros before and after each dimension. */
  pad (name: string, input: string, type: Precision, amounts: ReadonlyArray<readonly [before: number, after: number]>): string {
    return this.add(name, type, [input, this.integers(`${name}/amounts`, amounts.flat(), [amounts.length, 2])], { op: 'Pad' })
  }

  /** The same number before and after each dimension. */
  padWith (
    name: string, input: string, type: Precision, amounts: ReadonlyArray<readonly [before: number, after: number]>, number: number
  ): string {
    const around = this.numbers(`${name}/number`, type, [], Float32Array.of(number))
    return this.add(name, type, [input, this.integers(`${name}/amounts`, amounts.flat(), [amounts.length, 2]), around], { op: 'PadV2' })
  }

  /** A size of -1 is all that is left. */
  slice (name: string, input: string, type: DataType, begin: readonly number[], size: readonly number[]): string {
    return this.add(name, type, [input, this.integers(`${name}/begin`, begin), this.integers(`${name}/size`, size)], { op: 'Slice' })
  }

  /** The first of each dimension, and from there each that is a stride further. */
  everyNth (name: string, input: string, type: Precision, strides: readonly number[]): string {
    const zeros = strides.map(() => 0)
    const bounds = this.bounds(name, zeros, zeros, strides)
    return this.add(name, type, [input, ...bounds], { op: 'StridedSlice', toEnd: [...strides.keys()], dropped: [] })
  }

  /** One element of a vector. */
  element (name: string, input: string, type: DataType, index: number): string {
    return this.add(name, type, [input, ...this.bounds(name, [index], [index + 1], [1])], { op: 'StridedSlice', toEnd: [], dropped: [0] })
  }

  reverse (name: string, input: string, type: DataType, axis: number): string {
    return this.add(name, type, [input, this.integers(`${name}/axis`, [axis])], { op: 'ReverseV2' })
  }

  concat (name: string, inputs: readonly string[], type: Precision, axis: number): string {
    return this.add(name, type, [...inputs, this.integers(`${name}/axis`, [axis], [])], { op: 'ConcatV2' })
  }

  /** Along an axis, in the place of which those of the indices come that are not `batchDimensions`: these stand first in both. */
  gather (name: string, input: string, indices: string, type: Precision, axis: number, batchDimensions = 0): string {
    return this.add(name, type, [input, indices, this.integers(`${name}/axis`, [axis], [])], { op: 'GatherV2', batchDimensions })
  }

  /** Over height and width of a feature map. */
  reduceSpatial (name: string, op: 'Mean' | 'Max', input: string, type: Precision): string {
    return this.add(name, type, [input, this.integers(`${name}/axes`, [1, 2])], { op })
  }

  /** Over the last axis, which is kept. */
  reduceChannels (name: string, op: 'Mean' | 'Max' | 'Sum', input: string, type: Precision): string {
    return this.add(name, type, [input, this.integers(`${name}/axes`, [-1])], { op, keepsAxes: true })
  }

  unary (name: string, op: UnaryOp, input: string, type: Precision): string {
    return this.add(name, type, [input], { op })
  }

  binary (name: string, op: BinaryOp, left: string, right: string, type: Precision): string {
    return this.add(name, type, [left, right], { op })
  }

  /** With the same number everywhere. */
  withNumber (name: string, op: BinaryOp, input: string, number: number, type: Precision): string {
    return this.binary(name, op, input, this.numbers(`${name}/number`, type, [], Float32Array.of(number)), type)
  }

  /** What is read by it is computed only where the boolean `condition` is as `when` says. */
  gate (name: string, input: string, type: DataType, condition: string, when: boolean): string {
    const gate = this.add(name, type, [input, condition], { op: 'Switch' })
    return when ? `${gate}:1` : gate
  }

  /** Any op, for which there is no method of its own. */
  add (wantedName: string, type: DataType, inputs: readonly string[], op: Op): string {
    const name = this.freeName(allowedName(wantedName))
    this.names.add(name)
    this.steps.push({ ...op, name, type, inputs })
    return name
  }

  private bounds (name: string, begin: readonly number[], end: readonly number[], strides: readonly number[]): string[] {
    return [this.integers(`${name}/begin`, begin), this.integers(`${name}/end`, end), this.integers(`${name}/strides`, strides)]
  }

  /** A constant of int32. */
  integers (name: string, values: readonly number[], shape: readonly number[] = [values.length]): string {
    return this.add(name, 'int32', [], { op: 'Const', shape, values: Int32Array.from(values) })
  }

  private freeName (name: string): string {
    if (!this.names.has(name)) return name
    let number = 1
    while (this.names.has(`${name}_${number}`)) number++
    return `${name}_${number}`
  }
}

/** A name without what TensorFlow does not allow: a step has it, if no other had it before. */
export function allowedName (wanted: string): string {
  return wanted.replace(/^[^A-Za-z0-9.]|[^A-Za-z0-9_./-]/g, '.')
}
