import { createHash, type Hash } from 'node:crypto'
import { readFile, readdir } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { packagePath } from '../base/package-root.js'
import type { Model } from '../model/model.js'
import type { Target } from './index.js'

const KEY_DIGITS = 32
/** Whose compiled code reads a model and makes a graph of it, beside this folder. */
const FOLDERS = ['base', 'model', 'sources', 'compiler']
/** The packages that take part in it. */
const PACKAGES = ['h5wasm', 'protobufjs', 'typebox', 'yauzl']

/**
 * The name of a compiled model: a hash of all that decides the graph, and of nothing else: the model's bytes, the network
 * and its scaling as read from them under the settings, the target, and the code that reads and compiles.
 */
export async function cacheKey (model: Model, { precision, ownKernels }: Target): Promise<string> {
  const hash = createHash('sha256').update(JSON.stringify([await model.hashWeights(), model.network, precision, ownKernels]))
  await addCode(hash)
  return hash.digest('hex').slice(0, KEY_DIGITS)
}

/** A repaired reader or compiler makes every entry stale. */
async function addCode (hash: Hash): Promise<void> {
  const { dependencies } = createRequire(import.meta.url)(packagePath('package.json')) as { dependencies: Record<string, string> }
  hash.update(JSON.stringify(PACKAGES.map((name) => [name, dependencies[name]])))
  for (const name of FOLDERS) {
    const folder = new URL(`../${name}/`, import.meta.url)
    const files = (await readdir(folder, { recursive: true })).filter((file) => file.endsWith('.js')).sort()
    for (const file of files) hash.update(`${name}/${file}\n`).update(await readFile(new URL(file, folder)))
  }
}
