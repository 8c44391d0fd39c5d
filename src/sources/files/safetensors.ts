import { open, type FileHandle } from 'node:fs/promises'
import { Type, type Static } from '../../base/typebox.js'
import { OperatorError } from '../../base/errors.js'
import { reading } from '../../base/existing.js'
import { parse } from '../../base/schema.js'
import { sizeOf, type Weights } from '../../model/weights.js'
import { parseJson, readRange } from './bytes.js'
import { explained } from './explained.js'
import { FLOAT_BYTES, toFloat32, type FloatFormat } from './floats.js'
import { groupByPath } from './grouping.js'
import { MAX_JSON_BYTES, MAX_WEIGHTS } from './limits.js'
import type { StoredModel, StoredWeight } from './stored.js'

const HEADER_LENGTH_BYTES = 8
const NOT_WHOLE = 'is not a whole safetensors file'

const Offset = Type.Integer({ minimum: 0 })
const Entry = Type.Object({ dtype: Type.String(), shape: Type.Array(Offset), data_offsets: Type.Tuple([Offset, Offset]) })
type Entry = Static<typeof Entry>
const Header = Type.Record(Type.String(), Entry)

const FORMATS: ReadonlyMap<string, FloatFormat> = new Map([['F32', 'float32'], ['F16', 'float16'], ['BF16', 'bfloat16']])

/** Reads every tensor of a safetensors file into memory, as float32. Throws a WeightsError as `openSafetensors` does. */
export async function readSafetensors (path: string): Promise<Weights> {
  const model = await openSafetensors(path)
  try {
    const weights = new Map<string, { shape: readonly number[], data: Float32Array }>()
    for (const { name, shape, read } of model.layers.flatMap((layer) => layer.weights)) weights.set(name, { shape, data: await read() })
    return weights
  } finally {
    await model.close()
  }
}

/**
 * Opens a safetensors file (https://github.com/huggingface/safetensors), of the kind `torch` where PyTorch's names are in it.
 * Throws a WeightsError if the file is not whole; `read` does for a tensor that is not F32, F16 or BF16.
 */
export async function openSafetensors (path: string): Promise<StoredModel> {
  const file = await reading(path, () => open(path))
  try {
    const weights = await explained(path, NOT_WHOLE, () => readHeader(path, file))
    const close = (): Promise<void> => file.close()
    const unconfigured = { config: undefined, kerasVersion: undefined, close }
    return isTorch(weights)
      ? { kind: 'torch', ...unconfigured, layers: [{ path: '', weights }] }
      : { kind: 'safetensors', ...unconfigured, layers: groupByPath(weights) }
  } catch (error) {
    await file.close()
    throw error
  }
}

async function readHeader (path: string, file: FileHandle): Promise<StoredWeight[]> {
  const fileBytes = (await file.stat()).size
  const headerBytes = fileBytes < HEADER_LENGTH_BYTES
    ? 0n
    : new DataView((await readRange(file, 0, HEADER_LENGTH_BYTES)).buffer).getBigUint64(0, true)
  if (headerBytes < 2n || headerBytes > BigInt(Math.min(MAX_JSON_BYTES, fileBytes - HEADER_LENGTH_BYTES))) {
    throw new OperatorError(`its header does not fit its ${fileBytes} bytes`)
  }
  const dataStart = HEADER_LENGTH_BYTES + Number(headerBytes)
  const dataBytes = fileBytes - dataStart
  const entries = Object.entries(parseHeader(await readRange(file, HEADER_LENGTH_BYTES, Number(headerBytes))))
  if (entries.length > MAX_WEIGHTS) {
    throw new OperatorError(`it claims ${entries.length} tensors, and ${MAX_WEIGHTS} are the most that is read`)
  }
  const claimedBytes = entries.reduce((sum, [, { data_offsets: [start, end] }]) => sum + Math.max(0, end - start), 0)
  for (const [name, entry] of entries) checkEntry(name, entry, dataBytes)
  if (claimedBytes > dataBytes) throw new OperatorError(`its tensors claim ${claimedBytes} of ${dataBytes} bytes`)
  return entries.map(([name, entry]) => ({
    name,
    shape: entry.shape,
    read: () => explained(path, NOT_WHOLE, () => readTensor(file, dataStart, name, entry))
  }))
}

function parseHeader (bytes: Uint8Array): Static<typeof Header> {
  const tensors = parseJson(bytes) as Record<string, unknown> | null
  delete tensors?.__metadata__
  return parse(Header, tensors, 'header')
}

function checkEntry (name: string, { dtype, shape, data_offsets: [start, end] }: Entry, dataBytes: number): void {
  const format = FORMATS.get(dtype)
  const fits = format === undefined ? end >= start : end - start === sizeOf(shape) * FLOAT_BYTES[format]
  if (end > dataBytes || !fits) {
    throw new OperatorError(`${name} claims bytes ${start} to ${end} of ${dataBytes}, which do not fit its shape [${shape.join(', ')}]`)
  }
}

async function readTensor (
  file: FileHandle, dataStart: number, name: string, { dtype, data_offsets: [start, end] }: Entry
): Promise<Float32Array> {
  const format = FORMATS.get(dtype)
  if (format === undefined) throw new OperatorError(`${name} is ${dtype}, and only ${[...FORMATS.keys()].join(', ')} are read`)
  return toFloat32(await readRange(file, dataStart + start, end - start), format)
}

/** PyTorch keeps convolutions as (out, in, height, width), under names of its own. */
function isTorch (weights: readonly StoredWeight[]): boolean {
  return weights.some(({ name, shape }) => (name.endsWith('.weight') && shape.length === 4) || name.endsWith('.running_mean'))
}
