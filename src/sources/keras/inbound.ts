import { Type, Value } from '../../base/typebox.js'
import { MAX_LAYERS } from '../../model/limits.js'

/** What a call of a layer gave. */
export interface LayerOutput {
  readonly layer: string
  /** Which of the layer's calls; those of a model that is called count from 1 in some versions. */
  readonly call: number
  /** Which of the tensors that the call gave. */
  readonly tensor: number
}

/** What a layer is called with: another layer's output, or a constant. */
export type Operand =
  | LayerOutput
  | { readonly constant: unknown }

/** One call of a layer. */
export interface Call {
  readonly operands: readonly Operand[]
  /** What it is given by name, operands included. */
  readonly keywords: Readonly<Record<string, unknown>>
}

const CONSTANT_MARKER = '_CONSTANT_VALUE'
/** Keyword arguments that are operands. */
const OPERAND_KEYWORDS = new Set(['x', 'y', 'x1', 'x2', 'bias'])
/** Operands nest one level a list of tensors. */
const MAX_DEPTH = 8

const Keras3Call = Type.Object({ args: Type.Array(Type.Unknown()), kwargs: Type.Optional(Type.Record(Type.String(), Type.Unknown())) })
const Keras3Tensor = Type.Object({
  class_name: Type.Literal('__keras_tensor__'),
  config: Type.Object({ keras_history: Type.Tuple([Type.String(), Type.Unknown(), Type.Unknown()]) })
})
/** `[layer, node, tensor]`, with keyword arguments as a fourth where a layer is called. */
const Keras2Tensor = Type.Array(Type.Unknown(), { minItems: 3, maxItems: 4 })

/**
 * One call of a layer, an element of its `inbound_nodes`, in either syntax:
 * Keras 3 has `{args, kwargs}` with `__keras_tensor__` objects, Keras 2 and TensorFlow.js have nested lists.
 */
export function callOf (call: unknown): Call {
  if (!Value.Check(Keras3Call, call)) return { operands: keras2Operands(call, 0), keywords: keras2Keywords(call, 0) }
  const keywords = call.kwargs ?? {}
  return { operands: [...call.args.flatMap((value) => keras3Operands(value, 0)), ...keywordOperands(keywords, keras3Operands)], keywords }
}

/** What a model lists as an input or output, with its key where they are a dictionary. */
export interface Listed extends LayerOutput {
  readonly key: string | undefined
}

/** What `input_layers` or `output_layers` list: one `[name, node, tensor]` or a collection of them. */
export function listedLayers (value: unknown): Listed[] {
  const isCollection = Array.isArray(value) && !isKeras2Tensor(value)
  if (isRecord(value)) return Object.entries(value).flatMap(([key, entry]) => isKeras2Tensor(entry) ? [{ ...outputOf(entry), key }] : [])
  const values: readonly unknown[] = isCollection ? value : [value]
  return values.flatMap((entry) => isKeras2Tensor(entry) ? [{ ...outputOf(entry), key: undefined }] : [])
}

function keras3Operands (value: unknown, depth: number): Operand[] {
  if (Value.Check(Keras3Tensor, value)) return [outputOf(value.config.keras_history)]
  if (Array.isArray(value) && depth < MAX_DEPTH) {
    const operands = value.flatMap((entry) => keras3Operands(entry, depth + 1))
    if (operands.some((operand) => 'layer' in operand)) return operands
  }
  return [{ constant: value }]
}

function keras2Operands (value: unknown, depth: number): Operand[] {
  if (isKeras2Tensor(value)) {
    const [layer, , constant, keywords] = value
    const first = layer === CONSTANT_MARKER ? { constant } : outputOf(value)
    const read = (operand: unknown): Operand[] => isKeras2Tensor(operand) ? [outputOf(operand)] : [{ constant: operand }]
    return [first, ...keywordOperands(isRecord(keywords) ? keywords : {}, read)]
  }
  return Array.isArray(value) && depth < MAX_DEPTH ? value.flatMap((entry) => keras2Operands(entry, depth + 1)) : []
}

/** Those of the first tensor: a list's tensors all have the same. */
function keras2Keywords (value: unknown, depth: number): Readonly<Record<string, unknown>> {
  if (isKeras2Tensor(value)) return isRecord(value[3]) ? value[3] : {}
  return Array.isArray(value) && depth < MAX_DEPTH ? keras2Keywords(value[0], depth + 1) : {}
}

function keywordOperands (keywords: Record<string, unknown>, read: (value: unknown, depth: number) => Operand[]): Operand[] {
  return Object.entries(keywords).flatMap(([name, value]) => OPERAND_KEYWORDS.has(name) ? read(value, 0) : [])
}

function outputOf ([layer, call, tensor]: readonly [string, ...unknown[]]): LayerOutput {
  return { layer, call: indexOf(call), tensor: indexOf(tensor) }
}

function indexOf (value: unknown): number {
  return Number.isSafeInteger(value) && Number(value) >= 0 ? Math.min(Number(value), MAX_LAYERS) : 0
}

function isKeras2Tensor (value: unknown): value is [string, ...unknown[]] {
  return Value.Check(Keras2Tensor, value) && typeof value[0] === 'string'
}

function isRecord (value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
