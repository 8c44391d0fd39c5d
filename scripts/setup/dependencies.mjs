import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { run } from './child.mjs'
import { findProgram } from './compiler.mjs'
import { SetupError } from './errors.mjs'
import { readJson } from './files.mjs'

/** Whatever NODE_ENV or npm's configuration says. */
const OPTIONS = ['--ignore-scripts', '--include=optional', '--no-progress', '--loglevel=error']

/**
 * The step that fills node_modules from the lock file: with what starting needs, or with what tests and tools need, too.
 *
 * @type {import('./steps.mjs').Step & { leaves: (context: { root: string }, names: string[]) => boolean }}
 */
export const dependencies = {
  name: 'packages',

  /** npm writes its own record of node_modules last, so a record that agrees with the lock file is enough. */
  isDone ({ root, development }) {
    const wanted = readJson(join(root, 'package-lock.json'))?.packages
    const installed = installedIn(root)
    if (wanted === undefined || installed === undefined) return false
    return Object.keys(wanted).every(path => path === '' || (wanted[path].dev === true && !development) ||
      isSatisfied(wanted[path], installed[path]))
  },

  /** Whether these packages are there and stay, and what was put into their folders with them. */
  leaves ({ root }, names) {
    const wanted = readJson(join(root, 'package-lock.json')).packages
    const installed = installedIn(root)
    return installed !== undefined && canAdd(root) &&
      names.map(name => `node_modules/${name}`).every(path => isSatisfied(wanted[path], installed[path]))
  },

  check ({ env }) {
    if (findProgram(['npm'], env) !== undefined) return
    throw new SetupError('npm is missing: install Node.js together with npm (Debian: apt-get install npm).')
  },

  async run ({ root, development }) {
    const adds = canAdd(root)
    // What tests need, and is there once, stays.
    const whole = development || Object.values(installedIn(root) ?? {}).some(({ dev }) => dev === true)
    // Otherwise a removal cut short could leave a record of packages that are gone.
    rmSync(recordOf(root), { force: true })
    const command = adds ? ['install', '--no-save'] : ['ci']
    const result = await run('npm', [...command, whole ? '--include=dev' : '--omit=dev', ...OPTIONS], { cwd: root })
    if (result.code !== 0) throw failure(result.output)
    removeSourceMaps(join(root, 'node_modules', '@tensorflow'))
  }
}

/** @typedef {{ version: string, integrity?: string, dev?: boolean }} Installed */

/** @returns {Record<string, Installed> | undefined} by path, undefined where it is not known what is there */
function installedIn (root) {
  return readJson(recordOf(root))?.packages
}

/**
 * Whether npm may change only what differs. `npm ci` begins by deleting everything, from under services that run, too, but it
 * refuses a lock file that was not made from package.json, and nothing is to be installed that the lock file does not name.
 */
function canAdd (root) {
  if (installedIn(root) === undefined) return false
  const locked = readJson(join(root, 'package-lock.json')).packages['']
  const wanted = readJson(join(root, 'package.json'))
  return ['dependencies', 'devDependencies'].every(kind => isDeepStrictEqual(locked[kind], wanted[kind]))
}

/** Nobody reads these 190 MB but each process that loads TensorFlow while coverage is taken, to write its part down again. */
function removeSourceMaps (folder) {
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (entry.isFile() && entry.name.endsWith('.map')) rmSync(join(entry.parentPath, entry.name), { force: true })
  }
}

function recordOf (root) {
  return join(root, 'node_modules', '.package-lock.json')
}

function isSatisfied (wanted, installed) {
  if (installed === undefined) return wanted.optional === true && !isMadeForThisPlatform(wanted)
  return wanted.version === installed.version && wanted.integrity === installed.integrity
}

/** Packages for any platform do not count: npm leaves out those that only a package for another platform needs. */
function isMadeForThisPlatform ({ os, cpu, libc }) {
  return os?.includes(process.platform) === true && cpu?.includes(process.arch) === true &&
    // TensorFlow runs on glibc only, so there is no need to find out what this machine has.
    (libc === undefined || libc.includes('glibc'))
}

function failure (output) {
  const code = /^npm (?:error|ERR!) code (\S+)/m.exec(output)?.[1] ?? ''
  if (code === 'ENOSPC') return Object.assign(new Error(output), { code })
  if (['ENOTFOUND', 'EAI_AGAIN', 'ECONNREFUSED', 'ECONNRESET', 'ETIMEDOUT'].includes(code)) {
    return new SetupError(`The npm registry cannot be reached (${code}): check the network, and npm's registry and proxy settings.`)
  }
  const reason = /^npm (?:error|ERR!) (?!code )(.+)/m.exec(output)?.[1] ?? output.trim().split('\n').at(-1)
  return new SetupError(`npm failed (${reason}): run npm ci by hand to see the whole of its output.`)
}
