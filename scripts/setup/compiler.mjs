import { accessSync, constants } from 'node:fs'
import { availableParallelism } from 'node:os'
import { delimiter, join } from 'node:path'
import { run } from './child.mjs'
import { SetupError } from './errors.mjs'

/**
 * Runs the C++ compiler in a folder, in which it also keeps its temporary files.
 *
 * @param {string[]} args
 * @param {string} folder
 * @param {{ env: NodeJS.ProcessEnv }} context
 * @param {{ niceness?: number | undefined }} [options] as `run` takes them
 * @throws {SetupError} when there is none, or when it cannot compile that
 */
export async function runCompiler (args, folder, { env }, { niceness } = {}) {
  const [compiler, ...compilerArgs] = findCompiler(env)
  const result = await run(compiler, [...compilerArgs, ...args], { cwd: folder, env: { ...env, TMPDIR: folder }, niceness })
  if (result.code === 0) return
  if (result.output.includes('No space left on device')) throw Object.assign(new Error(result.output), { code: 'ENOSPC' })
  const reason = result.output.split('\n').find(line => /error/i.test(line)) ?? `exit code ${result.code}`
  throw new SetupError(`${compiler} cannot compile the addon (${reason.trim()}): install a complete C++17 compiler ` +
    '(Debian: apt-get install g++; macOS: xcode-select --install), or name another one in CXX.')
}

/**
 * Runs the compiler several times, at most as often at once as there are CPUs.
 *
 * @param {string[][]} runs the arguments of each
 * @param {string} folder
 * @param {{ env: NodeJS.ProcessEnv }} context
 * @param {{ niceness?: number | undefined }} [options]
 * @throws {SetupError} of the first that fails, when all have ended
 */
export async function runCompilers (runs, folder, context, options) {
  const left = [...runs]
  const failures = []
  await Promise.all(Array.from({ length: availableParallelism() }, async () => {
    while (failures.length === 0) {
      const args = left.shift()
      if (args === undefined) return
      try {
        await runCompiler(args, folder, context, options)
      } catch (error) {
        failures.push(error)
      }
    }
  }))
  if (failures.length > 0) throw failures[0]
}

/**
 * @param {NodeJS.ProcessEnv} env
 * @returns {[string, ...string[]]} the compiler's command, followed by arguments when CXX has some
 * @throws {SetupError} when there is none, or not the one that CXX names
 */
export function findCompiler (env) {
  if (env.CXX) {
    const [compiler = '', ...args] = env.CXX.trim().split(/\s+/)
    if (isExecutable(compiler) || findProgram([compiler], env) !== undefined) return [compiler, ...args]
    throw new SetupError(`The C++ compiler ${compiler}, which CXX names, does not exist: install it, or unset CXX.`)
  }
  const found = findProgram(['c++', 'g++', 'clang++'], env)
  if (found !== undefined) return [found]
  throw new SetupError('A C++ compiler is missing: install one (Debian: apt-get install g++; macOS: xcode-select --install), ' +
    'or name it in CXX.')
}

/**
 * @param {string[]} names
 * @param {NodeJS.ProcessEnv} env
 * @returns {string | undefined} the first of the names that is a program on the PATH
 */
export function findProgram (names, env) {
  const folders = (env.PATH ?? '').split(delimiter)
  return names.find(name => folders.some(folder => isExecutable(join(folder, name))))
}

function isExecutable (path) {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
