import { randomUUID } from 'node:crypto'
import { mkdir, rename, rm, utimes } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { OperatorError } from '../base/errors.js'
import { LockError, withLock } from '../base/lock.js'
import { tidy } from './cache-size.js'
import { isWhole, writeSavedModel, type SavedModel } from './saved-model.js'

/** How often an entry that serves is marked as used. */
const MARK_INTERVAL_MS = 60_000
/** What a folder says that takes nothing; its age is not needed where nobody can remove anything. */
const READ_ONLY = new Set(['EROFS', 'EACCES', 'EPERM'])
const FULL = new Set(['ENOSPC', 'EDQUOT'])

export interface CompiledModel {
  /** Folder of the SavedModel. */
  readonly path: string
  readonly fromCache: boolean
}

export interface CacheOptions {
  readonly cacheDir: string
  /** Most that all entries may take; see `tidy`. */
  readonly maxBytes: number
  /** Called while another process makes the entry. */
  readonly onWait?: (() => void) | undefined
}

/** The folder of an entry cannot be written; `code` is the system's. */
export class UnwritableError extends Error {
  override readonly name = 'UnwritableError'

  constructor (readonly code: string, options?: ErrorOptions) {
    super(`the compiled model cannot be written (${code})`, options)
  }
}

/**
 * Gives the entry of that key; `make` puts its files into a folder (see `writeEntry`) where it is not there or damaged. Of
 * several processes one makes it, the others wait. It appears as a whole or not at all, and a process that dies while it
 * makes one holds up the others for seconds only. Nothing is written where the entry is there, but for the time of its use.
 *
 * Rejects with an OperatorError if the entry is not there and `cacheDir` takes none, and with what `make` rejects with.
 */
export async function findOrMake (
  key: string, options: CacheOptions, make: (folder: string, signal: AbortSignal) => Promise<void>
): Promise<CompiledModel> {
  const { cacheDir, maxBytes } = options
  const path = join(cacheDir, 'compiled', key)
  if (await isWhole(path)) return await found(path)
  try {
    await writing(makeFolder(dirname(path)))
    const wasThere = await withLock(path, options, async (lost) => {
      if (await isWhole(path)) return true
      await publish(path, lost, (folder) => make(folder, lost))
      return false
    })
    if (wasThere) return await found(path)
  } catch (error) {
    if (!(error instanceof UnwritableError || error instanceof LockError)) throw error
    const missing = `MODEL_CACHE_DIR=${cacheDir} does not hold this model compiled`
    const [problem, remedy] = FULL.has(error.code)
      ? ['its disk is full', 'free some space']
      : ['cannot be written', 'mount a writable folder there']
    throw new OperatorError(`${missing}, and ${problem} (${error.code}): ${remedy}, or name another one`, { cause: error })
  }
  await tidy(dirname(path), { keep: path, maxBytes })
  return { path, fromCache: false }
}

/** Writes what an entry consists of. Rejects with an UnwritableError. */
export async function writeEntry (folder: string, savedModel: SavedModel): Promise<void> {
  await writing(writeSavedModel(folder, savedModel))
}

/** Marks an entry as used now and every minute, so that no process removes it; returns what ends that. */
export function keepInUse (path: string): () => void {
  const timer = setInterval(() => { mark(path).catch(() => { clearInterval(timer) }) }, MARK_INTERVAL_MS).unref()
  return () => { clearInterval(timer) }
}

async function found (path: string): Promise<CompiledModel> {
  await mark(path)
  return { path, fromCache: true }
}

async function mark (path: string): Promise<void> {
  const now = new Date()
  await utimes(path, now, now).catch((error: NodeJS.ErrnoException) => {
    if (!READ_ONLY.has(error.code ?? '')) throw error
  })
}

/** Only to be called under the entry's lock. */
async function publish (path: string, lost: AbortSignal, make: (folder: string) => Promise<void>): Promise<void> {
  const temporary = `${path}.${randomUUID()}.partial`
  try {
    await writing(mkdir(temporary))
    await make(temporary)
    lost.throwIfAborted()
    await writing(rm(path, { recursive: true, force: true }))
    await writing(rename(temporary, path))
  } finally {
    await rm(temporary, { recursive: true, force: true })
  }
}

/** Also above it, what is missing. Rejects with what the system says of the first one that it refuses. */
async function makeFolder (path: string): Promise<void> {
  try {
    await makeOne(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    // Node's own recursion says ENOENT of a read-only file system.
    await makeFolder(dirname(path))
    // Some file systems, such as /proc, say it of whatever is to be made there.
    await makeOne(path)
  }
}

async function makeOne (path: string): Promise<void> {
  await mkdir(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error
  })
}

/** The same promise; what the system refuses becomes an UnwritableError. */
async function writing<T> (operation: Promise<T>): Promise<T> {
  try {
    return await operation
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw code === undefined ? error : new UnwritableError(code, { cause: error })
  }
}
