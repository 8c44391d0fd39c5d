import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import protobuf from 'protobufjs/light.js'
import { judged } from '../../base/content.js'
import { OperatorError } from '../../base/errors.js'
import { sizeOf } from '../../model/weights.js'
import { readRange, withFile } from './bytes.js'
import { explained } from './explained.js'
import { FLOAT_BYTES, toFloat32, type FloatFormat } from './floats.js'
import { MAX_JSON_BYTES, MAX_TOTAL_BYTES, MAX_WEIGHTS } from './limits.js'
import { readSortedTable } from './sorted-table.js'
import type { StoredWeight } from './stored.js'

/** The parts that are read of tensorflow/core/protobuf/tensor_bundle.proto and trackable_object_graph.proto. */
const root = protobuf.Root.fromJSON({
  nested: {
    BundleHeader: { fields: { shards: { id: 1, type: 'int32' }, endianness: { id: 2, type: 'int32' } } },
    Dimension: { fields: { size: { id: 1, type: 'int64' } } },
    Shape: { fields: { dimensions: { id: 2, rule: 'repeated', type: 'Dimension' } } },
    BundleEntry: {
      fields: {
        dtype: { id: 1, type: 'int32' },
        shape: { id: 2, type: 'Shape' },
        shard: { id: 3, type: 'int32' },
        offset: { id: 4, type: 'int64' },
        size: { id: 5, type: 'int64' },
        slices: { id: 7, rule: 'repeated', type: 'bytes' }
      }
    },
    Reference: { fields: { node: { id: 1, type: 'int32' }, name: { id: 2, type: 'string' } } },
    Attribute: { fields: { key: { id: 3, type: 'string' } } },
    Node: {
      fields: { children: { id: 1, rule: 'repeated', type: 'Reference' }, attributes: { id: 2, rule: 'repeated', type: 'Attribute' } }
    },
    ObjectGraph: { fields: { nodes: { id: 1, rule: 'repeated', type: 'Node' } } }
  }
})

interface Header { readonly shards: number, readonly endianness: number }
interface Entry {
  readonly dtype: number
  readonly shape?: { readonly dimensions: ReadonlyArray<{ readonly size: number }> } | null
  readonly shard: number
  readonly offset: number
  readonly size: number
  readonly slices: readonly unknown[]
}
export interface ObjectGraph {
  readonly nodes: ReadonlyArray<{
    readonly children: ReadonlyArray<{ readonly node: number, readonly name: string }>
    readonly attributes: ReadonlyArray<{ readonly key: string }>
  }>
}

/** TensorFlow's numbers of types (tensorflow/core/framework/types.proto). */
const FORMATS: ReadonlyMap<number, FloatFormat> = new Map([[1, 'float32'], [14, 'bfloat16'], [19, 'float16']])
const STRING = 7
const GRAPH_KEY = '_CHECKPOINTABLE_OBJECT_GRAPH'

/** The variables of a SavedModel or a checkpoint. */
export interface TensorBundle {
  /** What belongs to what: the first node is the model. Rejects with an OperatorError where the variables do not say it. */
  graph (): Promise<ObjectGraph>
  /** A variable by its key; undefined where there is none. Throws an OperatorError if it claims what its file does not hold. */
  weight (key: string, name: string): StoredWeight | undefined
}

/** Where a SavedModel keeps its variables, as the prefix of their files. */
export function variablesOf (folder: string): string {
  return join(folder, 'variables', 'variables')
}

/** The files of a SavedModel's variables. Rejects with what the system says where there is no folder of them. */
export async function variableFiles (folder: string): Promise<string[]> {
  const names = await readdir(join(folder, 'variables'))
  const parts = names.filter((name) => /^variables\.(?:index|data-\d{5}-of-\d{5})$/.test(name)).sort()
  return parts.map((name) => join(folder, 'variables', name))
}

/** Opens `PREFIX.index` and its shards `PREFIX.data-00000-of-00001`. Throws an OperatorError if they are damaged or claim absurd sizes. */
export async function openTensorBundle (prefix: string): Promise<TensorBundle> {
  const index = `${prefix}.index`
  if ((await stat(index)).size > MAX_JSON_BYTES) throw new OperatorError('its index is absurdly large')
  const table = readSortedTable(await readFile(index))
  const { shards: count, endianness } = decode<Header>('BundleHeader', table.get('') ?? Buffer.alloc(0))
  if (endianness !== 0) throw new OperatorError('its variables have their big ends first')
  if (!(count >= 1 && count <= MAX_WEIGHTS)) throw new OperatorError(`it claims ${count} files of variables`)
  const shards = Array.from({ length: count }, (_, shard) => `${prefix}.data-${padded(shard)}-of-${padded(count)}`)
  const sizes = await Promise.all(shards.map(async (path) => (await stat(path)).size))
  const entryOf = (key: string): Entry | undefined => {
    const bytes = table.get(key)
    return bytes === undefined ? undefined : checked(key, decode<Entry>('BundleEntry', bytes), sizes)
  }
  const bytesOf = ({ shard, offset, size }: Entry): Promise<Uint8Array<ArrayBuffer>> => {
    return withFile(shards[shard] ?? '', (file) => readRange(file, offset, size))
  }
  return {
    graph: async () => {
      const graph = entryOf(GRAPH_KEY)
      if (graph?.dtype !== STRING || graph.size > MAX_JSON_BYTES) throw new OperatorError('it does not say what its variables belong to')
      return decode<ObjectGraph>('ObjectGraph', onlyText(Buffer.from(await bytesOf(graph))))
    },
    weight: (key, name) => {
      const entry = entryOf(key)
      if (entry === undefined) return undefined
      const shape = shapeOf(entry)
      return { name, shape, read: () => explained(prefix, `has no ${key} that can be read`, () => readFloats(key, entry, bytesOf)) }
    }
  }
}

async function readFloats (
  key: string, entry: Entry, bytesOf: (entry: Entry) => Promise<Uint8Array<ArrayBuffer>>
): Promise<Float32Array> {
  const format = FORMATS.get(entry.dtype)
  if (format === undefined) {
    throw new OperatorError(`${key} has TensorFlow's type ${entry.dtype}, and only floats of 32 or 16 bits are read`)
  }
  return toFloat32(await bytesOf(entry), format)
}

function checked (key: string, entry: Entry, sizes: readonly number[]): Entry {
  const { dtype, shard, offset, size, slices } = entry
  if (slices.length > 0) throw new OperatorError(`its ${key} is kept in slices, which are not read`)
  const format = FORMATS.get(dtype)
  const fits = format === undefined || size === sizeOf(shapeOf(entry)) * FLOAT_BYTES[format]
  const isInside = offset >= 0 && size >= 0 && size <= MAX_TOTAL_BYTES && offset + size <= (sizes[shard] ?? -1)
  if (!fits || !isInside) throw new OperatorError(`its ${key} claims ${size} bytes from ${offset} of file ${shard}, which do not hold it`)
  return entry
}

function shapeOf ({ shape }: Entry): number[] {
  return (shape?.dimensions ?? []).map(({ size }) => size)
}

/** A tensor of one text: its length, a checksum of that, then the text. */
function onlyText (bytes: Buffer): Buffer {
  const reader = protobuf.Reader.create(bytes)
  const length = judged(() => reader.uint32())
  const text = bytes.subarray(reader.pos + 4)
  if (text.length !== length) throw new OperatorError('it is damaged where it says what its variables belong to')
  return text
}

function decode<T> (name: string, bytes: Buffer): T {
  const type = root.lookupType(name)
  return judged(() => type.toObject(type.decode(bytes), { defaults: true, arrays: true, longs: Number }) as T)
}

function padded (number: number): string {
  return String(number).padStart(5, '0')
}
