import { sizeOf } from '../model/weights.js'
import { contentOf } from './content.js'
import type { Program } from './emit.js'
import { StepList, type Step } from './steps.js'

type Constant = Extract<Step, { op: 'Const' }>

/** A program that reads its large weights from a file, and the bytes of that file, in pieces. */
export interface StoredProgram {
  readonly program: Program
  readonly weights: readonly Uint8Array[]
}

/** A smaller constant is not worth a variable. */
const SMALLEST_BYTES = 65_536
/** Where a tensor has to begin in memory for TensorFlow to use it without a copy. */
const ALIGNMENT_BYTES = 64
/** Positions in the file are int32. */
const LARGEST_FILE_BYTES = 2 ** 31 - 1
/** Their kernels bring a filter into an order of their own once, but only one that is a constant. */
const PREPARES_FILTERS: ReadonlySet<Step['op']> = new Set(['Conv2D', 'DepthwiseConv2dNative', 'MatMul'])

/**
 * Makes variables of the large constants that need not be constants; `file`, in the folder `assets`, fills them before the first run.
 *
 * Of a constant TensorFlow keeps half a dozen copies, in the graph as it was read and in what it makes of it, and has more for a
 * moment while it optimizes. Of a variable there is one, which is the part of the file as it was read.
 */
export function store (program: Program, file: string): StoredProgram {
  const constants = largeConstants(program.steps)
  if (constants.length === 0) return { program, weights: [] }
  const list = new StepList(program.steps)
  const path = list.placeholder('stored/path', 'string', [])
  const bytes = list.add('stored/bytes', 'uint8', [list.add('stored/file', 'string', [path], { op: 'ReadFile' })], { op: 'DecodeRaw' })
  const weights: Uint8Array[] = []
  const variables = new Map<string, Variable>()
  let begin = 0
  for (const constant of constants) {
    const content = contentOf(constant.values, constant.type)
    if (begin + content.length > LARGEST_FILE_BYTES) break
    variables.set(constant.name, addVariable(list, constant, { bytes, begin, length: content.length }))
    const padding = new Uint8Array(-content.length & (ALIGNMENT_BYTES - 1))
    weights.push(content, padding)
    begin += content.length + padding.length
  }
  const assignments = [...variables.values()].map(({ assignment }) => `^${assignment}`)
  const step = list.add('stored/assigned', 'float32', assignments, { op: 'NoOp' })
  const steps = list.steps.map((one) => readingVariable(one, variables))
  return { program: { ...program, steps, initialization: { step, path: { step: path, type: 'string', shape: [] }, file } }, weights }
}

/** Those that no kernel prepares. */
function largeConstants (steps: readonly Step[]): Constant[] {
  const prepared = new Set(steps.filter(({ op }) => PREPARES_FILTERS.has(op)).flatMap(({ inputs }) => inputs))
  return steps.filter((step): step is Constant => (
    step.op === 'Const' && step.values.byteLength >= SMALLEST_BYTES && !prepared.has(step.name)
  ))
}

interface Variable {
  readonly handle: string
  readonly assignment: string
}

/** Where a constant's numbers are among the bytes that a step gives. */
interface ByteRange {
  readonly bytes: string
  readonly begin: number
  readonly length: number
}

function addVariable (list: StepList, { name, type, shape }: Constant, { bytes: all, begin, length }: ByteRange): Variable {
  const own = list.slice(`${name}/bytes`, all, 'uint8', [begin], [length])
  const bytes = length / sizeOf(shape)
  // Those of one number are the last dimension, which is not there where it would be 1.
  const numbers = list.reshape(`${name}/numbers`, own, 'uint8', bytes === 1 ? shape : [...shape, bytes])
  const value = list.add(`${name}/value`, type, [numbers], { op: 'Bitcast' })
  const handle = list.add(`${name}/variable`, type, [], { op: 'VarHandleOp', shape, shared: name })
  return { handle, assignment: list.add(`${name}/assigned`, type, [handle, value], { op: 'AssignVariableOp' }) }
}

/** The step itself, or one of the same name that reads the variable in its place. */
function readingVariable (step: Step, variables: ReadonlyMap<string, Variable>): Step {
  const variable = variables.get(step.name)
  return variable === undefined ? step : { op: 'ReadVariableOp', name: step.name, type: step.type, inputs: [variable.handle] }
}
