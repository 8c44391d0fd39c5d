import { createHash, randomBytes } from 'node:crypto'
import { constants, createReadStream, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs'
import { copyFile, link } from 'node:fs/promises'
import { homedir, hostname } from 'node:os'
import { basename, isAbsolute, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { SetupError } from './errors.mjs'
import { onInterruption } from './interruption.mjs'

const ABANDONED_AFTER_MS = 24 * 60 * 60 * 1000

/**
 * @param {NodeJS.ProcessEnv} env
 * @returns {string} the set-up's folder below $XDG_CACHE_HOME, unless that is empty or relative, else below the home folder
 * @throws {SetupError} where there is neither
 */
export function cacheFolder ({ XDG_CACHE_HOME: base = '' }) {
  if (isAbsolute(base)) return join(base, 'xception-serve')
  let home = ''
  try {
    home = homedir()
  } catch (error) {
    if (error.code !== 'ERR_SYSTEM_ERROR') throw error
  }
  if (isAbsolute(home)) return join(home, '.cache', 'xception-serve')
  throw new SetupError('There is no home folder for what the set-up keeps: set HOME, or XDG_CACHE_HOME to a folder that can be written.')
}

/**
 * @param {(string | Buffer)[]} parts
 * @returns {string} a hash that differs when any part or the division into parts differs
 */
export function hashOf (parts) {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(`${Buffer.byteLength(part)}:`).update(part)
  return hash.digest('hex').slice(0, 16)
}

/**
 * @param {string} path
 * @returns {Promise<string>} SHA-256 of the file, in hexadecimal
 */
export async function sha256OfFile (path) {
  const hash = createHash('sha256')
  await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash)
  return hash.digest('hex')
}

/**
 * @param {string} path
 * @returns {any} what the JSON file holds, undefined when it is missing or damaged
 */
export function readJson (path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch (error) {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR' || error instanceof SyntaxError) return undefined
    throw error
  }
}

/** Deletes a file or folder, if it is there. */
export function remove (path) {
  // A program killed a moment ago may still be adding files.
  rmSync(path, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 })
}

/**
 * Gives a file a second name, with which it stays when the first one is gone: the same bytes on the same file system, a copy elsewhere.
 *
 * @param {string} source
 * @param {string} target
 */
export async function placeFile (source, target) {
  try {
    await link(source, target)
  } catch {
    // No reason why there can be no link (another file system or owner, one without links) holds for a copy.
    await copyFile(source, target, constants.COPYFILE_FICLONE)
  }
}

/** @returns {boolean} whether a process of this machine, known by its id, is running */
export function isRunning (pid) {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error.code === 'EPERM'
  }
}

/**
 * Lends `work` a new folder beside `target` and moves the folder to `target` when it is done, so that `target` is
 * either complete or absent. Of two processes that make the same folder at once the first wins.
 *
 * @param {string} target
 * @param {(folder: string) => Promise<void>} work fills the folder
 * @param {{ replace?: () => boolean }} [options] replace: whether a target that exists by then gives way
 */
export async function publishFolder (target, work, { replace = () => false } = {}) {
  const parent = join(target, '..')
  mkdirSync(parent, { recursive: true })
  sweep(parent)
  const folder = join(parent, `${basename(target)}.tmp-${hostname()}-${process.pid}-${randomBytes(4).toString('hex')}`)
  const forget = onInterruption(() => remove(folder))
  try {
    mkdirSync(folder)
    await work(folder)
    if (existsSync(target) && replace()) renameSync(target, `${folder}-old`)
    renameSync(folder, target)
  } catch (error) {
    const lostRace = ['ENOTEMPTY', 'EEXIST'].includes(error.code) && error.syscall === 'rename'
    if (!lostRace) throw error
  } finally {
    remove(folder)
    remove(`${folder}-old`)
    forget()
  }
}

/** Removes the temporary folders of set-ups that were killed before they could do so themselves. */
function sweep (parent) {
  for (const name of readdirSync(parent)) {
    const [, host, pid] = /\.tmp-(.+)-(\d+)-[0-9a-f]{8}(?:-old)?$/.exec(name) ?? []
    if (host === undefined) continue
    const path = join(parent, name)
    // Elsewhere (another machine or container that shares the folder) process ids say nothing, only age does.
    const abandoned = host === hostname() ? !isRunning(Number(pid)) : ageMs(path) > ABANDONED_AFTER_MS
    if (abandoned) remove(path)
  }
}

function ageMs (path) {
  const stats = statSync(path, { throwIfNoEntry: false })
  return stats === undefined ? 0 : Date.now() - stats.mtimeMs
}
