import { mkdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { isRunning, readJson } from './files.mjs'
import { onInterruption } from './interruption.mjs'

const POLL_MS = 200
const HEARTBEAT_MS = 2_000

/** A holder that has not shown itself for so long is dead, even where its process id cannot be looked up. */
const SILENT_MS = 60_000

/** Taking over a dead holder's lock takes microseconds; a takeover older than this was itself cut short. */
const TAKEOVER_MS = 5_000

/**
 * Runs `work` while no other process runs work under the same lock file. It is not the service's lock (src/base/lock.ts), which rests
 * on a package: this one is taken before there are any. It is of one clone, so a holder on this machine is known to be dead by its
 * process id, at once; what the service locks is shared by containers, among which such ids say nothing.
 *
 * @template T
 * @param {string} path the lock file, in a folder that may be missing
 * @param {{ waiting: (pid: number) => void }} callbacks waiting: called once if another process holds the lock
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function withLock (path, { waiting }, work) {
  mkdirSync(dirname(path), { recursive: true })
  let told = false
  while (!take(path)) {
    const holder = readHolder(path)
    if (holder !== undefined && isDead(holder)) {
      takeOver(path)
    } else if (!told && holder?.pid !== undefined) {
      waiting(holder.pid)
      told = true
    }
    await sleep(POLL_MS)
  }
  const release = () => rmSync(path, { force: true })
  const forget = onInterruption(release)
  const heartbeat = setInterval(() => {
    try {
      utimesSync(path, new Date(), new Date())
    } catch {
      // Somebody cleaned the folder: the work goes on, and at worst another set-up repeats it.
    }
  }, HEARTBEAT_MS)
  try {
    return await work()
  } finally {
    clearInterval(heartbeat)
    release()
    forget()
  }
}

function take (path) {
  try {
    writeFileSync(path, JSON.stringify({ host: hostname(), pid: process.pid }) + '\n', { flag: 'wx' })
    return true
  } catch (error) {
    if (error.code === 'EEXIST') return false
    throw error
  }
}

/** @typedef {{ host?: string, pid?: number, silentMs: number }} Holder */

/** @returns {Holder | undefined} undefined when nobody holds the lock */
function readHolder (path) {
  const stats = statSync(path, { throwIfNoEntry: false })
  // A file without its content yet is a lock that is being taken.
  return stats && { ...readJson(path), silentMs: Date.now() - stats.mtimeMs }
}

/** @param {Holder} holder */
function isDead ({ host, pid, silentMs }) {
  return silentMs > SILENT_MS || (host === hostname() && !isRunning(pid))
}

/** Removes a dead holder's lock; a lock on that very act keeps two from removing each other's new lock. */
function takeOver (path) {
  const takeover = `${path}.takeover`
  if (!take(takeover)) {
    const other = readHolder(takeover)
    if (other !== undefined && other.silentMs > TAKEOVER_MS) rmSync(takeover, { force: true })
    return
  }
  try {
    const holder = readHolder(path)
    if (holder !== undefined && isDead(holder)) rmSync(path, { force: true })
  } finally {
    rmSync(takeover, { force: true })
  }
}
