import { createHash, type Hash } from 'node:crypto'
import { readFile, readdir } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { packagePath } from '../base/package-root.js'
import type { Model } from '../model/model.js'
import type { Quantization } from '../model/quantization.js'
import type { ModelTarget } from './target.js'

const KEY_DIGITS = 32
/** Whose compiled code reads a model and makes a graph of it, beside this folder. */
const FOLDERS = ['base', 'model', 'sources', 'compiler']
/** What also takes part where the graph is quantized. */
const QUANTIZING_FOLDERS = ['quantize']
/** The packages that take part in it. */
const PACKAGES = ['h5wasm', 'protobufjs', 'typebox', 'yauzl']

/**
 * The name of a compiled model: a hash of all that decides the graph, and of nothing else: the model's bytes, the network
 * and its scaling as read from them under the settings, the target, and the code that reads and compiles.
 */
export async function cacheKey (model: Model, { precision, ownKernels, quantized = false }: ModelTarget): Promise<string> {
  const hash = createHash('sha256').update(JSON.stringify([await model.hashWeights(), model.network, precision, ownKernels, quantized]))
  if (quantized) addQuantization(hash, await model.readQuantization?.())
  await addCode(hash, quantized ? [...FOLDERS, ...QUANTIZING_FOLDERS] : FOLDERS)
  return hash.digest('hex').slice(0, KEY_DIGITS)
}

/** That of the model's own; one that is made of its weights and network is known by these. */
function addQuantization (hash: Hash, quantization: Quantization = new Map()): void {
  for (const [name, { low, high, biasCorrection }] of quantization) {
    hash.update(JSON.stringify([name, low.length, biasCorrection.length])).update(low).update(high).update(biasCorrection)
  }
}

/** A repaired reader or compiler makes every entry stale. */
async function addCode (hash: Hash, folders: readonly string[]): Promise<void> {
  const { dependencies } = createRequire(import.meta.url)(packagePath('package.json')) as { dependencies: Record<string, string> }
  hash.update(JSON.stringify(PACKAGES.map((name) => [name, dependencies[name]])))
  for (const name of folders) {
    const folder = new URL(`../${name}/`, import.meta.url)
    const files = (await readdir(folder, { recursive: true })).filter((file) => file.endsWith('.js')).sort()
    for (const file of files) hash.update(`${name}/${file}\n`).update(await readFile(new URL(file, folder)))
  }
}
