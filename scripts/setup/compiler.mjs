import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { run } from './child.mjs'
import { SetupError } from './errors.mjs'

/**
 * Runs the C++ compiler in a folder, in which it also keeps its temporary files.
 *
 * @param {string[]} args
 * @param {string} folder
 * @param {{ env: NodeJS.ProcessEnv }} context
 * @throws {SetupError} when there is none, or when it cannot compile that
 */
export async function runCompiler (args, folder, { env }) {
  const [compiler, ...compilerArgs] = findCompiler(env)
  let result
  try {
    result = await run(compiler, [...compilerArgs, ...args], { cwd: folder, env: { ...env, TMPDIR: folder } })
  } catch (error) {
    if (error.code === 'ENOENT') {
      throw new SetupError(`The C++ compiler ${compiler}, which CXX names, does not exist: install it, or unset CXX.`)
    }
    throw error
  }
  if (result.code === 0) return
  if (result.output.includes('No space left on device')) throw Object.assign(new Error(result.output), { code: 'ENOSPC' })
  const reason = result.output.split('\n').find(line => /error/i.test(line)) ?? `exit code ${result.code}`
  throw new SetupError(`${compiler} cannot compile the addon (${reason.trim()}): install a complete C++17 compiler ` +
    '(Debian: apt-get install g++; macOS: xcode-select --install), or name another one in CXX.')
}

/** @returns {string[]} the compiler's command, followed by arguments when CXX has some */
function findCompiler (env) {
  if (env.CXX) return env.CXX.trim().split(/\s+/)
  const folders = (env.PATH ?? '').split(delimiter)
  const found = ['c++', 'g++', 'clang++'].find(name => folders.some(folder => isExecutable(join(folder, name))))
  if (found !== undefined) return [found]
  throw new SetupError('A C++ compiler is missing: install one (Debian: apt-get install g++; macOS: xcode-select --install), ' +
    'or name it in CXX.')
}

function isExecutable (path) {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
