import { WeightsError, sizeOf } from '../../model/weights.js'
import { TYPES, type GraphOp, type GraphTensor, type ServedGraph, type Tensor } from '../files/index.js'
import { toFloat32 } from '../files/floats.js'
import { MAX_TOTAL_BYTES } from '../files/limits.js'
import { passesOn } from './passing.js'

/** What is known before the first picture. */
export interface Constant {
  readonly name: string
  readonly shape: readonly number[]
  /** The operation that gives it, and what that reads. */
  readonly op: string
  readonly operands: readonly Constant[]
  /** Constants that are computed one behind the other. */
  readonly depth: number
  /** The values of one that the graph states, where they are few. */
  readonly few?: readonly number[]
  /** Row-major, in float64 where it is computed. */
  read (): Promise<Numbers>
}
export type Numbers = Float32Array | Float64Array

/** What batch normalizations and scalings compute of their constants. */
const UNARY: Readonly<Record<string, (value: number) => number>> = {
  Rsqrt: (value) => 1 / Math.sqrt(value),
  Sqrt: Math.sqrt,
  Neg: (value) => -value,
  Square: (value) => value * value,
  Reciprocal: (value) => 1 / value
}
const BINARY: Readonly<Record<string, (left: number, right: number) => number>> = {
  Add: (left, right) => left + right,
  AddV2: (left, right) => left + right,
  Sub: (left, right) => left - right,
  Mul: (left, right) => left * right,
  RealDiv: (left, right) => left / right,
  Div: (left, right) => left / right,
  Maximum: Math.max,
  Minimum: Math.min
}
const MAX_VALUES = MAX_TOTAL_BYTES / Float32Array.BYTES_PER_ELEMENT
/** Lists of sides are no longer. */
const MAX_FEW = 8
const MAX_FILLED = 1_000_000
/** Constants of constants nest no deeper in a normalization. */
const MAX_DEPTH = 64
const NUMERIC: ReadonlySet<number> = new Set([
  TYPES.float32, TYPES.float64, TYPES.int32, TYPES.int64, TYPES.uint8, TYPES.float16, TYPES.bfloat16
])

/** What is constant among the operations of a graph. */
export class Constants {
  private readonly known = new Map<GraphOp, Constant>()

  /** `ordered` are the operations, each behind what it reads. Throws a WeightsError where the file does not hold a variable. */
  constructor (private readonly graph: ServedGraph, ordered: readonly GraphOp[]) {
    for (const op of ordered) {
      const made = this.make(op)
      if (made !== undefined) this.known.set(op, made)
    }
  }

  /** Undefined where it depends on the picture. */
  of ({ op, index }: GraphTensor): Constant | undefined {
    return index === 0 ? this.known.get(op) : undefined
  }

  private make (op: GraphOp): Constant | undefined {
    if (op.op === 'Const') return stated(op)
    const variable = this.graph.variable(op)
    if (variable !== undefined) return { ...variable, op: op.op, operands: [], depth: 0, read: () => variable.read() }
    if (op.op === 'VarHandleOp' || op.op === 'VariableV2') throw new WeightsError(`the file has no values of the variable ${op.name}`)
    if (op === this.graph.input) return undefined
    if (op.op === 'Shape') return shapeOf(op)
    const operands = op.inputs.flatMap((input) => this.of(input) ?? [])
    return operands.length === op.inputs.length ? computed(op, operands) : undefined
  }
}

function computed (op: GraphOp, operands: readonly Constant[]): Constant | undefined {
  const [first, second] = operands
  const depth = 1 + Math.max(...operands.map((operand) => operand.depth))
  if (first === undefined || depth > MAX_DEPTH) return undefined
  if (op.op === 'ReadVariableOp' || passesOn(op)) return first
  const made = (shape: readonly number[], read: () => Promise<Numbers>): Constant => (
    { name: op.name, shape, op: op.op, operands, depth, read }
  )
  if (op.op === 'Pack' || op.op === 'ConcatV2' || op.op === 'StridedSlice') return ofVectors(op, operands, made)
  if (op.op === 'Fill') return filled(first, second, made)
  if (op.op === 'Squeeze') return { ...first, shape: withoutOnes(first.shape) }
  if (operands.length > 2) return undefined
  const unary = UNARY[op.op]
  if (unary !== undefined && second === undefined) return made(first.shape, async () => Float64Array.from(await first.read(), unary))
  if (second === undefined) return undefined
  if (op.op === 'Reshape' || op.op === 'ExpandDims') return { ...first, shape: withoutOnes(first.shape) }
  const binary = BINARY[op.op]
  const shape = binary === undefined ? undefined : longer(first.shape, second.shape)
  if (binary === undefined || shape === undefined) return undefined
  return made(shape, async () => {
    const [left, right] = [await first.read(), await second.read()]
    return Float64Array.from({ length: sizeOf(shape) }, (_, at) => binary(left[at % left.length] ?? 0, right[at % right.length] ?? 0))
  })
}

/** The dimensions of a tensor of the picture, as far as the file says them: -1 stands for the batch's. */
function shapeOf (op: GraphOp): Constant {
  const [source] = op.inputs
  const stated = source?.op.attributes._output_shapes?.list?.shapes?.[source.index]
  const sides = stated === undefined || stated.isUnknown === true ? [-1] : (stated.dimensions ?? []).map(({ size = 0 }) => size)
  const read = async (): Promise<Numbers> => await Promise.resolve(Float64Array.from(sides))
  return { name: op.name, shape: [sides.length], op: op.op, operands: [], depth: 0, read }
}

type Make = (shape: readonly number[], read: () => Promise<Numbers>) => Constant

function filled ({ few: shape }: Constant, value: Constant | undefined, made: Make): Constant | undefined {
  if (shape === undefined || value === undefined || sizeOf(shape) > MAX_FILLED) return undefined
  return made(shape, async () => new Float64Array(sizeOf(shape)).fill((await value.read())[0] ?? 0))
}

/** What is done with lists of sides: put together, and taken apart. */
function ofVectors (op: GraphOp, operands: readonly Constant[], made: Make): Constant | undefined {
  if (op.op === 'StridedSlice') return slice(op, operands, made)
  const parts = op.op === 'Pack' ? operands : operands.slice(0, -1)
  const isOfSides = parts.every(({ shape }) => shape.length === (op.op === 'Pack' ? 0 : 1))
  if (!isOfSides) return undefined
  return made([parts.reduce((length, { shape }) => length + sizeOf(shape), 0)], async () => {
    const lists = await Promise.all(parts.map(({ read }) => read()))
    return Float64Array.from(lists.flatMap((list) => [...list]))
  })
}

/** `list[begin:end]` and `list[begin]`. */
function slice (op: GraphOp, [list, begin, end]: readonly Constant[], made: Make): Constant | undefined {
  const mask = (name: string): boolean => (op.attributes[name]?.integer ?? 0) === 1
  if (list?.shape.length !== 1 || begin?.shape.join() !== '1' || end === undefined) return undefined
  const [length = 0] = list.shape
  const isOne = mask('shrink_axis_mask')
  // How long it is, only its numbers say; whoever reads it does not ask.
  return made(isOne ? [] : [length], async () => {
    const [all, [start = 0], [stop = 0]] = await Promise.all([list.read(), begin.read(), end.read()])
    const from = mask('begin_mask') ? 0 : start
    return all.slice(from, isOne ? (from === -1 ? undefined : from + 1) : mask('end_mask') ? undefined : stop)
  })
}

/** One number, or a number a channel, for each position of the other. */
function longer (left: readonly number[], right: readonly number[]): readonly number[] | undefined {
  const [long, short] = sizeOf(left) < sizeOf(right) ? [right, left] : [left, right]
  const plain = withoutOnes(short)
  return plain.every((side, at) => side === withoutOnes(long).at(at - plain.length)) ? long : undefined
}

export function withoutOnes (shape: readonly number[]): number[] {
  return shape.slice(Math.max(0, shape.findIndex((side) => side !== 1))).filter((side, at) => at > 0 || side !== 1)
}

function stated (op: GraphOp): Constant | undefined {
  const tensor = op.attributes.value?.tensor
  if (tensor === undefined || !NUMERIC.has(tensor.dtype ?? 0)) return undefined
  const shape = (tensor.shape?.dimensions ?? []).map(({ size = 0 }) => size)
  const size = sizeOf(shape)
  if (!(size >= 0 && size <= MAX_VALUES)) throw new WeightsError(`the constant ${op.name} claims ${size} values`)
  const few = size > MAX_FEW ? {} : { few: Array.from(valuesOf(op, tensor, size)) }
  const read = async (): Promise<Numbers> => await Promise.resolve(valuesOf(op, tensor, size))
  return { name: op.name, shape, op: op.op, operands: [], depth: 0, ...few, read }
}

/** Throws a WeightsError if there are others than the shape says. */
function valuesOf (op: GraphOp, tensor: Tensor, size: number): Numbers {
  const found = contentOf(tensor) ?? Float64Array.from(listed(tensor))
  const [last] = found.slice(-1)
  if (found.length === size) return found
  // TensorFlow leaves out repetitions of the last value.
  if (last === undefined || found.length > size) {
    throw new WeightsError(`the constant ${op.name} has ${found.length} values, and its shape says ${size}`)
  }
  const values = new Float64Array(size).fill(last)
  values.set(found)
  return values
}

function contentOf ({ dtype, content }: Tensor): Numbers | undefined {
  if (content === undefined || content.length === 0) return undefined
  // Copied, so that it is aligned.
  const bytes = Uint8Array.from(content)
  switch (dtype) {
    case TYPES.float16: return toFloat32(bytes, 'float16')
    case TYPES.bfloat16: return toFloat32(bytes, 'bfloat16')
    case TYPES.float64: return new Float64Array(bytes.buffer, 0, Math.floor(bytes.length / 8))
    case TYPES.int32: return Float64Array.from(new Int32Array(bytes.buffer, 0, Math.floor(bytes.length / 4)))
    case TYPES.int64: return Float64Array.from(new BigInt64Array(bytes.buffer, 0, Math.floor(bytes.length / 8)), Number)
    case TYPES.uint8: return Float64Array.from(bytes)
    default: return new Float32Array(bytes.buffer, 0, Math.floor(bytes.length / 4))
  }
}

function listed ({ dtype, halves = [], floats = [], doubles = [], integers = [], longs = [] }: Tensor): readonly number[] | Float32Array {
  if (halves.length === 0) return [floats, doubles, integers, longs].find((list) => list.length > 0) ?? []
  const bytes = new Uint8Array(Uint16Array.from(halves).buffer)
  return toFloat32(bytes, dtype === TYPES.bfloat16 ? 'bfloat16' : 'float16')
}
