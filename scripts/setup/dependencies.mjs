import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { run } from './child.mjs'
import { SetupError } from './errors.mjs'
import { readJson } from './files.mjs'

/** The step that fills node_modules from the lock file. */
export const dependencies = {
  name: 'packages',

  /** npm writes its own record of node_modules last, so a record that agrees with the lock file is enough. */
  isDone ({ root }) {
    const wanted = readJson(join(root, 'package-lock.json'))?.packages
    const installed = readJson(recordOf(root))?.packages
    if (wanted === undefined || installed === undefined) return false
    return Object.keys(wanted).every(name => name === '' || isSatisfied(wanted[name], installed[name]))
  },

  async run ({ root }) {
    // Otherwise a removal cut short could leave a record of packages that are gone.
    rmSync(recordOf(root), { force: true })
    let result
    try {
      // Tools of development build and test the service, whatever NODE_ENV or npm's configuration says.
      const options = ['--ignore-scripts', '--include=dev', '--include=optional', '--no-progress', '--loglevel=error']
      result = await run('npm', ['ci', ...options], { cwd: root })
    } catch (error) {
      if (error.code === 'ENOENT') throw new SetupError('npm is missing: install Node.js together with npm (Debian: apt-get install npm).')
      throw error
    }
    if (result.code !== 0) throw failure(result.output)
    removeSourceMaps(join(root, 'node_modules', '@tensorflow'))
  }
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
  const code = /^npm (?:error|ERR!) code (\S+)/m.exec(output)?.[1]
  if (code === 'ENOSPC') return Object.assign(new Error(output), { code })
  if (['ENOTFOUND', 'EAI_AGAIN', 'ECONNREFUSED', 'ECONNRESET', 'ETIMEDOUT'].includes(code)) {
    return new SetupError(`The npm registry cannot be reached (${code}): check the network, and npm's registry and proxy settings.`)
  }
  const reason = /^npm (?:error|ERR!) (?!code )(.+)/m.exec(output)?.[1] ?? output.trim().split('\n').at(-1)
  return new SetupError(`npm ci failed (${reason}): run it by hand to see the whole of its output.`)
}
