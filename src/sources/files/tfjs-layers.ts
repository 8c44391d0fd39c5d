import { readFile } from 'node:fs/promises'
import { dirname, isAbsolute, join, normalize, sep } from 'node:path'
import { Type, type Static } from '../../base/typebox.js'
import { judged } from '../../base/content.js'
import { OperatorError } from '../../base/errors.js'
import { existing } from '../../base/existing.js'
import { parse } from '../../base/schema.js'
import { sizeOf } from '../../model/weights.js'
import { fill, parseJson, withFile } from './bytes.js'
import { explained } from './explained.js'
import { toFloat32 } from './floats.js'
import { groupByPath } from './grouping.js'
import { MAX_TOTAL_BYTES, MAX_WEIGHTS } from './limits.js'
import type { StoredModel, StoredWeight } from './stored.js'

const NOT_WHOLE = 'is not a whole TensorFlow.js layers model'

const Quantization = Type.Union([
  Type.Object({ dtype: Type.Union([Type.Literal('uint8'), Type.Literal('uint16')]), scale: Type.Number(), min: Type.Number() }),
  Type.Object({ dtype: Type.Literal('float16') })
])
const WeightSpec = Type.Object({
  name: Type.String({ minLength: 1 }),
  shape: Type.Array(Type.Integer({ minimum: 0 })),
  dtype: Type.String(),
  quantization: Type.Optional(Quantization)
})
type WeightSpec = Static<typeof WeightSpec>
const Group = Type.Object({ paths: Type.Array(Type.String({ minLength: 1 })), weights: Type.Array(WeightSpec) })
type Group = Static<typeof Group>
const ModelJson = Type.Object({
  modelTopology: Type.Record(Type.String(), Type.Unknown()),
  weightsManifest: Type.Array(Group)
})

const VALUE_BYTES: ReadonlyMap<string, number> = new Map([
  ['float32', 4], ['int32', 4], ['uint16', 2], ['float16', 2], ['uint8', 1], ['bool', 1], ['complex64', 8]
])

interface Shard {
  readonly path: string
  readonly bytes: number
}

/**
 * Opens a TensorFlow.js layers model: model.json with its shards beside it, quantized ones included
 * (https://github.com/tensorflow/tfjs/blob/master/tfjs-core/src/io/types.ts).
 * Throws a WeightsError if a part is missing or does not fit; `read` does for weights that are not float32.
 */
export async function openTfjsLayers (path: string): Promise<StoredModel> {
  return await explained(path, NOT_WHOLE, async () => {
    const { modelTopology, weightsManifest } = parse(ModelJson, parseJson(await readFile(path)), 'model.json')
    const count = weightsManifest.reduce((sum, { weights }) => sum + weights.length, 0)
    if (count > MAX_WEIGHTS) throw new OperatorError(`it claims ${count} weights, and ${MAX_WEIGHTS} are the most that is read`)
    const weights: StoredWeight[] = []
    for (const group of weightsManifest) weights.push(...await openGroup(path, group))
    return {
      kind: 'tfjs-layers',
      config: configOf(modelTopology),
      training: modelTopology.training_config,
      kerasVersion: typeof modelTopology.keras_version === 'string' ? modelTopology.keras_version : undefined,
      layers: groupByPath(weights),
      close: async () => {}
    }
  })
}

/** The files of the model: model.json and its shards. Throws a WeightsError as `openTfjsLayers` does. */
export async function tfjsFiles (path: string): Promise<string[]> {
  return await explained(path, NOT_WHOLE, async () => {
    const { weightsManifest } = parse(ModelJson, parseJson(await readFile(path)), 'model.json')
    const shards = await Promise.all(weightsManifest.flatMap(({ paths }) => paths).map((name) => openShard(dirname(path), name)))
    return [path, ...shards.map((shard) => shard.path)]
  })
}

/** The converter puts Keras's configuration under `model_config`; TensorFlow.js itself puts it at the top. */
function configOf ({ model_config: config, ...topology }: Record<string, unknown>): unknown {
  return config === undefined ? topology : typeof config === 'string' ? judged(() => JSON.parse(config) as unknown) : config
}

/** The shards of a group, joined, hold its weights one after the other. */
async function openGroup (path: string, { paths, weights }: Group): Promise<StoredWeight[]> {
  const shards: Shard[] = []
  for (const name of paths) shards.push(await openShard(dirname(path), name))
  const shardBytes = shards.reduce((sum, { bytes }) => sum + bytes, 0)
  let end = 0
  const stored = weights.map((spec) => {
    const start = end
    end += sizeOf(spec.shape) * storedBytes(spec)
    return { name: spec.name, shape: spec.shape, read: () => explained(path, NOT_WHOLE, () => readWeight(shards, start, spec)) }
  })
  if (end !== shardBytes || end > MAX_TOTAL_BYTES) {
    throw new OperatorError(`the weights of ${paths.join(', ')} take ${end} bytes, and these files have ${shardBytes}`)
  }
  return stored
}

async function openShard (folder: string, name: string): Promise<Shard> {
  if (isAbsolute(name) || normalize(name).split(sep).includes('..')) {
    throw new OperatorError(`the shard ${name} is outside of the model's folder`)
  }
  const path = join(folder, name)
  const found = await existing(path)
  if (found?.isFile() !== true) throw new OperatorError(`the shard ${name} is not beside it`)
  return { path, bytes: found.size }
}

function storedBytes ({ name, dtype, quantization }: WeightSpec): number {
  const bytes = VALUE_BYTES.get(quantization?.dtype ?? dtype)
  if (bytes === undefined) throw new OperatorError(`${name} is ${dtype}, whose size is not known`)
  return bytes
}

async function readWeight (shards: readonly Shard[], start: number, spec: WeightSpec): Promise<Float32Array> {
  if (spec.dtype !== 'float32') throw new OperatorError(`${spec.name} is ${spec.dtype}, and only float32 is read`)
  const bytes = await readJoined(shards, start, sizeOf(spec.shape) * storedBytes(spec))
  const { quantization } = spec
  if (quantization === undefined) return toFloat32(bytes, 'float32')
  if (quantization.dtype === 'float16') return toFloat32(bytes, 'float16')
  const { scale, min } = quantization
  // In double precision, rounded once, as TensorFlow.js does it.
  return Float32Array.from(quantization.dtype === 'uint8' ? bytes : new Uint16Array(bytes.buffer), (value) => value * scale + min)
}

/** Reads `length` bytes from `start` of the files' joined contents. */
async function readJoined (shards: readonly Shard[], start: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(length)
  let shardStart = 0
  for (const { path, bytes: shardBytes } of shards) {
    const from = Math.max(start, shardStart)
    const to = Math.min(start + length, shardStart + shardBytes)
    const position = from - shardStart
    if (from < to) await withFile(path, (file) => fill(file, position, bytes.subarray(from - start, to - start)))
    shardStart += shardBytes
  }
  return bytes
}
