import { existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runCompiler, runCompilers } from './compiler.mjs'
import { SetupError } from './errors.mjs'
import { hashOf, publishFolder, readJson } from './files.mjs'
import { systemRelease } from './platform.mjs'
import { tensorflowFolder } from './tensorflow.mjs'

const ADDON = 'convolutions.node'
const NATIVE = fileURLToPath(new URL('../../native/', import.meta.url))
const FOLDER = join(NATIVE, 'convolutions')
/** Atomics that can be waited for are of C++20. */
const FLAGS = ['-std=c++20', '-fPIC']
/** Kernels have time until TensorFlow is there, and npm has none. */
const NICENESS = 10
/**
 * Errors in checks alone: other compilers find other things to warn of. GCC takes the registers that its own intrinsics leave undefined
 * for variables (its bug 105593); Clang does not know the warning.
 */
const WARNINGS = ['-Wall', '-Wextra', '-Wconversion', '-Wshadow', '-Wno-maybe-uninitialized', '-Wno-unknown-warning-option', '-Werror']
/** What makes operations of TensorFlow's of the kernels. */
const ADDON_SOURCES = { 'addon.cc': [], 'separable_op.cc': [], 'dense_op.cc': [], 'stamp_op.cc': [] }
/** A row of kernel_table.h: the source's name, what it computes, and the instruction sets that it may use. */
const KERNEL_ROW = /\{"(\w+)",\s*"\w+",\s*Numbers::\w+,\s*Numbers::\w+,\s*"([\w -]+)"\}/g
/** Flags, and the instructions' names, that not every compiler and assembler knows: GCC from 11 on. Rows that need them may be missing. */
const RECENT = /amx|tile/
/** Names, in the folder of the kernels, those that are. */
const LEFT_OUT = 'left-out.json'
/** Every row for Arm's CPUs needs it. */
const ARM_SET = 'simd'

/**
 * @param {import('./platform.mjs').Target} target
 * @returns {Record<string, string[]>} what computes convolutions, each source with the compiler's flags for the instructions that it may
 *   use: more than every CPU has only where it is chosen at run time
 */
function kernelSources ({ arch }) {
  const rows = [...readFileSync(join(FOLDER, 'kernel_table.h'), 'utf8').matchAll(KERNEL_ROW)]
    .map(([, file, needs = '']) => ({ file, sets: needs.split(' ') }))
    .filter(({ sets }) => sets.includes(ARM_SET) === (arch === 'arm64'))
  const kernels = rows.map(({ file, sets }) => [`${file}.cc`, arch === 'arm64' ? armFlags(sets) : sets.map(set => `-m${set}`)])
  return { 'team.cc': [], 'cache.cc': [], 'choose.cc': [], ...Object.fromEntries(kernels) }
}

/** What all of Arm's 64-bit CPUs have is told of with their first architecture, and compilers know the rest of later ones alone. */
function armFlags (sets) {
  return [`-march=${sets.length === 1 ? 'armv8-a' : 'armv8.2-a'}+${sets.join('+')}`]
}

/** @returns {(string | Buffer)[]} all that decides what is made of this project's C++: the sources, but for what checks them, and flags */
export function nativeKey () {
  return keyOf(() => true)
}

function keyOf (/** @type {(path: string) => boolean} */ counts) {
  const sources = readdirSync(NATIVE, { recursive: true, encoding: 'utf8' })
    .filter(path => /\.(cc|h)$/.test(path) && !basename(path).startsWith('check') && counts(path))
  return [readFileSync(fileURLToPath(import.meta.url)), ...sources.sort().flatMap(path => [path, readFileSync(join(NATIVE, path))])]
}

/**
 * The step that compiles the kernels into the cache. They need nothing that is downloaded.
 *
 * @type {import('./steps.mjs').Step}
 */
export const kernels = {
  name: 'kernels',
  leftOut,

  isDone (context) {
    return !context.target.ownKernels || existsSync(kernelsFolder(context))
  },

  async run (context) {
    await publishFolder(kernelsFolder(context), async folder => {
      const { leftOut, reason } = await compileKernels(kernelSources(context.target), folder, context, ['-O2'], { niceness: NICENESS })
      writeFileSync(join(folder, LEFT_OUT), JSON.stringify(leftOut))
      if (reason !== undefined) context.output(`Left out, since other kernels compute the same: ${leftOut.join(', ')}. ${reason.message}`)
    })
  }
}

/** @returns {string} what is said where they cannot be compiled */
export function leftOut ({ message }) {
  return `Left out, since TensorFlow computes the same: the kernels of convolutions. ${message}`
}

/** @returns {string[]} flags that tell native/convolutions/kernel_table.h which kernels this compiler could not compile */
export function leftOutFlags (context) {
  return flagsWithout(readJson(join(kernelsFolder(context), LEFT_OUT)) ?? [])
}

function flagsWithout (leftOut) {
  return leftOut.length === 0 ? [] : [`-DXCEPTION_LEFT_OUT=" ${leftOut.join(' ')} "`]
}

/** @returns {string} the folder of the objects that the step compiles */
export function kernelsFolder ({ cache, env, target }) {
  return join(cache, `kernels-${hashOf([...keyOf(path => !path.startsWith('pictures')), env.CXX ?? '', target.arch, systemRelease()])}`)
}

/**
 * Compiles the addon with the operations of convolutions, unless its kernels could not be compiled.
 *
 * @param {string} folder where it goes
 * @param {string} nodeHeaders
 * @throws {SetupError} where the compiler cannot
 */
export async function compileConvolutions (folder, context, nodeHeaders) {
  if (!context.target.ownKernels || !kernels.isDone(context)) return
  const tensorflow = tensorflowFolder(context)
  const flags = ['-O2', '-DNAPI_VERSION=8', '-DBUILDING_NODE_EXTENSION', '-I', join(tensorflow, 'include'), '-I', nodeHeaders]
  const framework = context.target.libraries.find(name => name.includes('framework'))
  const operations = await compileObjects(ADDON_SOURCES, folder, context, flags)
  const inputs = [...operations, ...objectsOf(kernelsFolder(context)), join(tensorflow, 'lib', framework)]
  await runCompiler([...inputs, ...context.target.linkerFlags, '-o', join(folder, ADDON)], folder, context)
}

/**
 * Compiles the program that checks the kernels, and the one that checks the team alone.
 *
 * @param {string} folder where they go
 * @param {{ kernels: string[], team: string[] }} flags of each, for the compiler and the linker
 * @returns {Promise<string[]>} their paths
 */
export async function compileChecks (folder, context, flags) {
  const compile = async (sources, flags, target) => {
    const objects = mkdtempSync(join(folder, 'objects-'))
    await compileKernels(sources, objects, context, [...flags, ...WARNINGS])
    await runCompiler([...objectsOf(objects), ...flags, '-pthread', '-o', join(folder, target)], folder, context)
  }
  // The check says itself how large the cache is. What plain tiles do is many small functions, which take long to inline.
  const { 'cache.cc': _, ...sources } = kernelSources(context.target)
  const checked = { 'check.cc': [], 'check_tiles.cc': ['-fno-inline'] }
  const run = Object.entries(sources).filter(entry => !isRecent(entry) || hasTiles())
  await compile({ ...Object.fromEntries(run), ...checked }, flags.kernels, 'check')
  for (const [source, instructions] of Object.entries(sources).filter(entry => !run.includes(entry))) {
    await compileKernels({ [source]: [...instructions, '-fsyntax-only'] }, folder, context, WARNINGS)
  }
  await compile({ 'team.cc': [], 'check_team.cc': [] }, flags.team, 'check-team')
  return [join(folder, 'check'), join(folder, 'check-team')]
}

/** Holds the sources that the checks leave out to the same warnings. `headers` are folders of TensorFlow's and Node's. */
export async function checkWarnings (folder, context, headers) {
  const sources = [...Object.keys(ADDON_SOURCES), '../process/process.cc']
  const others = headers.flatMap(path => ['-isystem', path])
  for (const source of sources) {
    await runCompiler([...FLAGS, ...WARNINGS, ...others, '-fsyntax-only', join(FOLDER, source)], folder, context)
  }
}

/** @param {[source: string, instructions: string[]]} entry */
function isRecent ([, instructions]) {
  return instructions.some(flag => RECENT.test(flag))
}

function hasTiles () {
  return /\bamx_tile\b/.test(readFileSync('/proc/cpuinfo', 'utf8'))
}

/**
 * Compiles sources, but for those that need instructions which the compiler does not know.
 *
 * @returns {Promise<{ leftOut: string[], reason: SetupError | undefined }>} the names of those, without their end, and why
 */
async function compileKernels (sources, folder, context, flags, options) {
  const entries = Object.entries(sources)
  const leftOut = []
  let reason
  await Promise.all(entries.filter(isRecent).map(async entry => {
    try {
      await compileObjects(Object.fromEntries([entry]), folder, context, flags, options)
    } catch (error) {
      if (!(error instanceof SetupError) || !RECENT.test(error.message)) throw error
      leftOut.push(basename(entry[0], '.cc'))
      reason = error
    }
  }))
  const others = Object.fromEntries(entries.filter(entry => !isRecent(entry)))
  await compileObjects(others, folder, context, [...flags, ...flagsWithout(leftOut)], options)
  return { leftOut: leftOut.sort(), reason }
}

/** @returns {Promise<string[]>} the objects' paths */
async function compileObjects (sources, folder, context, flags, options) {
  const objects = Object.keys(sources).map(source => join(folder, `${source}.o`))
  await runCompilers(Object.entries(sources).map(([source, instructions], index) => (
    [...FLAGS, ...flags, ...instructions, '-c', join(FOLDER, source), '-o', objects[index]]
  )), folder, context, options)
  return objects
}

function objectsOf (folder) {
  return readdirSync(folder).filter(name => name.endsWith('.o')).map(name => join(folder, name))
}
