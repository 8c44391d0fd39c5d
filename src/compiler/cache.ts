import { createHash, randomUUID } from 'node:crypto'
import { mkdir, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { hashFile } from '../base/hash.js'
import { compile, type Precision } from './index.js'
import type { Model } from '../model/model.js'
import type { Backend } from '../engine/backend.js'

const GRAPH_FILE = 'saved_model.pb'
const CHECKSUM_FILE = 'saved_model.pb.sha256'

export interface CompiledModel {
  /** Folder of the SavedModel. */
  readonly path: string
  readonly fromCache: boolean
}

/**
 * Compiles a package's network, or takes it from `cacheDir` where it was compiled before.
 * An entry's name is the hash of all that goes into it, the compiler included; an entry whose checksum is wrong is made anew.
 * Nothing is written where the entry is there. Throws an Error of one sentence if it is not and `cacheDir` takes none.
 */
export async function compileCached (model: Model, options: { cacheDir: string, backend: Backend, precision: Precision }): Promise<CompiledModel> {
  const { cacheDir, backend, precision } = options
  const key = createHash('sha256').update(JSON.stringify([
    await hashCompiler(), model.network, precision, backend, await model.hashWeights()
  ])).digest('hex').slice(0, 32)
  const path = join(cacheDir, 'compiled', key)
  if (await isWhole(path)) return { path, fromCache: true }

  const graph = compile({ network: model.network, weights: await model.readWeights(), precision })
  await keep(graph, path).catch((error: unknown) => {
    const reason = (error as NodeJS.ErrnoException).code ?? String(error)
    throw new Error(`MODEL_CACHE_DIR=${cacheDir} does not hold this model compiled and cannot be written (${reason}): mount a writable folder there, or name another one`)
  })
  return { path, fromCache: false }
}

/** Puts the entry there as a whole or not at all. */
async function keep (graph: Uint8Array, path: string): Promise<void> {
  const temporary = `${path}.${randomUUID()}`
  try {
    await mkdir(temporary, { recursive: true })
    await writeFile(join(temporary, GRAPH_FILE), graph)
    await writeFile(join(temporary, CHECKSUM_FILE), createHash('sha256').update(graph).digest('hex'))
    await rm(path, { recursive: true, force: true })
    await rename(temporary, path).catch(async (error: unknown) => {
      // Another process may have put the same entry there first.
      if (!await isWhole(path)) throw error
    })
  } finally {
    await rm(temporary, { recursive: true, force: true })
  }
}

async function isWhole (path: string): Promise<boolean> {
  try {
    return await hashFile(join(path, GRAPH_FILE)) === await readFile(join(path, CHECKSUM_FILE), 'utf8')
  } catch {
    return false
  }
}

/** A change of the compiler makes every entry stale. */
async function hashCompiler (): Promise<string> {
  const graph = new URL('./', import.meta.url)
  const files = (await readdir(graph)).filter((name) => name.endsWith('.js')).sort().map((name) => new URL(name, graph))
  const hash = createHash('sha256')
  for (const file of files) hash.update(await readFile(file))
  return hash.digest('hex')
}
