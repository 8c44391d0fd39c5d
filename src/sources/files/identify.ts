import { readdir, readFile, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { existing, reading } from '../../base/existing.js'
import { WeightsError } from '../../model/weights.js'
import { parseJson, readRange, withFile } from './bytes.js'
import { explained } from './explained.js'
import { refusalOf, refusalOfFolder, refusalOfJson, refusalOfZip, type Edges } from './foreign.js'
import { CONFIG_ENTRY, WEIGHTS_ENTRY } from './keras-archive.js'
import { MAX_JSON_BYTES } from './limits.js'
import { withZip } from './zip.js'

/** What a path leads to; `package` is one of our own model packages. */
export interface Identified {
  readonly container:
    'package' | 'keras-archive' | 'keras-folder' | 'keras-saved-model' | 'saved-model' | 'hdf5' | 'tfjs-layers' | 'safetensors' |
    'torch-zip' | 'torch-stream'
  /** What to open: the path itself, or in the folder that it names model.json, or the weights of a repository. */
  readonly file: string
}

export const SAVED_MODEL_FILE = 'saved_model.pb'
/** Where Keras 2 describes the model beside its graph. */
export const METADATA_FILE = 'keras_metadata.pb'
const HEAD_BYTES = 4096
const TAIL_BYTES = 8
const HDF5_SIGNATURE = Buffer.from('\x89HDF\r\n\x1a\n', 'latin1')
const ZIP_SIGNATURE = Buffer.from('PK\x03\x04', 'latin1')
/** The first of the pickles that torch.save wrote before it wrote zip archives: a magic number, by protocol 2 or a later one. */
const TORCH_MAGIC = Buffer.from('8a0a6cfc9c46f9206aa85019', 'hex')
/** Weights in a repository as timm pushes them to a hub, beside config.json. */
const HUB_WEIGHTS = ['model.safetensors', 'pytorch_model.bin']

/**
 * Finds out what kind of model a path leads to, from its content and never from its name.
 * Throws a WeightsError of one sentence if there is nothing, or something else: then it says what to export instead.
 */
export async function identify (path: string): Promise<Identified> {
  const found = await existing(path)
  if (found === undefined) throw new WeightsError(`${path} does not exist.`)
  // Whoever names a file of a SavedModel means all of it.
  if (found.isFile() && [SAVED_MODEL_FILE, METADATA_FILE].includes(basename(path))) return await identifyFolder(dirname(path))
  if (found.isDirectory()) return await identifyFolder(path)
  if (!found.isFile()) throw new WeightsError(`${path} is neither a file nor a folder.`)
  if (found.size === 0) throw new WeightsError(`${path} is empty.`)
  return { container: await identifyFile(path, found.size), file: path }
}

async function identifyFolder (path: string): Promise<Identified> {
  const names = await explained(path, 'cannot be listed', () => readdir(path))
  if (names.includes(CONFIG_ENTRY) && names.includes(WEIGHTS_ENTRY)) return { container: 'keras-folder', file: path }
  if (names.includes(SAVED_MODEL_FILE)) {
    return { container: names.includes(METADATA_FILE) ? 'keras-saved-model' : 'saved-model', file: path }
  }
  const hubWeights = names.includes(CONFIG_ENTRY) ? HUB_WEIGHTS.find((name) => names.includes(name)) : undefined
  if (hubWeights !== undefined) return await identify(join(path, hubWeights))
  const newest = newestVersion(names)
  if (newest !== undefined) return await identifyVersion(path, newest)
  if (!names.includes('model.json')) refuse(path, refusalOfFolder(names))
  const file = join(path, 'model.json')
  return { container: await identifyJson(file, (await reading(file, () => stat(file))).size), file }
}

/** TensorFlow Serving's base path has a folder for each version, called by its number, of which it serves the highest. */
function newestVersion (names: readonly string[]): string | undefined {
  const isBase = names.length > 0 && names.every((name) => /^\d{1,15}$/.test(name))
  return isBase ? [...names].sort((left, right) => Number(left) - Number(right)).at(-1) : undefined
}

async function identifyVersion (path: string, version: string): Promise<Identified> {
  const folder = join(path, version)
  return (await existing(folder))?.isDirectory() === true ? await identifyFolder(folder) : refuse(path, refusalOfFolder([version]))
}

async function identifyFile (path: string, bytes: number): Promise<Identified['container']> {
  const edges = await explained(path, 'cannot be read', () => withFile(path, async (file): Promise<Edges> => ({
    head: Buffer.from(await readRange(file, 0, Math.min(bytes, HEAD_BYTES))),
    tail: Buffer.from(await readRange(file, Math.max(0, bytes - TAIL_BYTES), Math.min(bytes, TAIL_BYTES)))
  })))
  const { head } = edges
  if (head.subarray(0, HDF5_SIGNATURE.length).equals(HDF5_SIGNATURE)) return 'hdf5'
  if (head.subarray(0, ZIP_SIGNATURE.length).equals(ZIP_SIGNATURE)) return await identifyZip(path)
  if (isSafetensors(head, bytes)) return 'safetensors'
  if (head[0] === 0x80 && head.subarray(2, 2 + TORCH_MAGIC.length).equals(TORCH_MAGIC)) return 'torch-stream'
  if (/^(\xef\xbb\xbf)?\s*\{/.test(head.toString('latin1'))) return await identifyJson(path, bytes)
  // Nothing but values in there, so this one name has to do.
  if (/\.data-\d{5}-of-\d{5}$/.test(path)) {
    refuse(path, "holds the values of a TensorFlow checkpoint: load it in Keras and export it with model.save('model.keras')")
  }
  return refuse(
    path,
    refusalOf(edges) ??
      'is no kind of model file that is known: expected .keras, .h5, .weights.h5, .safetensors, .pth of PyTorch, or model.json of ' +
        'TensorFlow.js'
  )
}

/** A header of JSON after its length; of a cut file too, so that its reader says so. */
function isSafetensors (head: Buffer, fileBytes: number): boolean {
  if (head.length < 10 || head[8] !== 0x7b) return false
  const headerBytes = head.readBigUInt64LE(0)
  return headerBytes >= 2n && (headerBytes < BigInt(fileBytes) || headerBytes < BigInt(MAX_JSON_BYTES))
}

async function identifyZip (path: string): Promise<Identified['container']> {
  const names = await explained(path, 'is not a whole zip archive', () => withZip(path, async ({ entries }) => [...entries.keys()]))
  if (names.includes(CONFIG_ENTRY) && names.includes(WEIGHTS_ENTRY)) return 'keras-archive'
  const isProgram = names.some((name) => /(^|\/)(code\/|constants\.pkl$)/.test(name))
  if (!isProgram && names.some((name) => /(^|\/)data\.pkl$/.test(name))) return 'torch-zip'
  return refuse(path, refusalOfZip(names))
}

async function identifyJson (path: string, bytes: number): Promise<Identified['container']> {
  if (bytes > MAX_JSON_BYTES) refuse(path, `is ${bytes} bytes of JSON, more than any model.json`)
  const json = await explained(path, 'is damaged JSON', async () => parseJson(await readFile(path)))
  if (typeof json !== 'object' || json === null) return refuse(path, refusalOfJson({}))
  if ('architecture' in json || 'preset' in json || 'layers' in json) return 'package'
  const topology = 'modelTopology' in json ? json.modelTopology : undefined
  if ('weightsManifest' in json && typeof topology === 'object' && topology !== null && !('node' in topology)) return 'tfjs-layers'
  return refuse(path, refusalOfJson(json as Record<string, unknown>))
}

function refuse (path: string, refusal: string): never {
  throw new WeightsError(`${path} ${refusal}.`)
}
