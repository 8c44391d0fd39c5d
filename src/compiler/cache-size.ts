import { readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { isNotThere } from '../base/existing.js'
import { isLocked } from '../base/lock.js'

/** An entry that was marked as used within this time is in use; `keepInUse` marks three times as often. */
const IN_USE_MS = 180_000
const PARTIAL = /^(\w+)\.[\w-]+\.partial$/
const ENTRY = /^\w+$/

interface Entry {
  readonly path: string
  readonly bytes: number
  readonly usedAtMs: number
}

export interface TidyOptions {
  /** The entry that was just made. */
  readonly keep: string
  readonly maxBytes: number
}

/**
 * Removes entries from the folder until the others take at most `maxBytes`: the one that was not used for longest first,
 * and none that is in use. What processes left that died while they made an entry goes too.
 */
export async function tidy (folder: string, { keep, maxBytes }: TidyOptions): Promise<void> {
  const names = await readdir(folder)
  for (const name of names) {
    const key = PARTIAL.exec(name)?.[1]
    if (key === undefined || await isLocked(join(folder, key))) continue
    await rm(join(folder, name), { recursive: true, force: true })
  }
  const entries = (await Promise.all(names.filter((name) => ENTRY.test(name)).map((name) => readEntry(join(folder, name))))).flat()
  let bytes = entries.reduce((sum, entry) => sum + entry.bytes, 0)
  for (const { path, bytes: size, usedAtMs } of entries.sort((left, right) => left.usedAtMs - right.usedAtMs)) {
    if (bytes <= maxBytes) return
    if (path === keep || usedAtMs > Date.now() - IN_USE_MS) continue
    await rm(path, { recursive: true, force: true })
    bytes -= size
  }
}

/** Empty where another process removes it at the same time. */
async function readEntry (path: string): Promise<Entry[]> {
  try {
    const { mtimeMs } = await stat(path)
    const stats = await Promise.all((await readdir(path, { recursive: true })).map(async (name) => await stat(join(path, name))))
    const bytes = stats.reduce((sum, found) => sum + (found.isFile() ? found.size : 0), 0)
    return [{ path, bytes, usedAtMs: mtimeMs }]
  } catch (error) {
    if (!isNotThere(error)) throw error
    return []
  }
}
