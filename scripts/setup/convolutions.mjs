import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runCompiler } from './compiler.mjs'
import { SetupError } from './errors.mjs'
import { tensorflowFolder } from './tensorflow.mjs'

const ADDON = 'convolutions.node'
const FOLDER = fileURLToPath(new URL('../../native/convolutions/', import.meta.url))
/** Atomics that can be waited for are of C++20. */
const FLAGS = ['-std=c++20', '-fPIC']
/**
 * Errors in checks alone: other compilers find other things to warn of. GCC takes the registers that its own intrinsics leave undefined
 * for variables (its bug 105593); Clang does not know the warning.
 */
const WARNINGS = ['-Wall', '-Wextra', '-Wconversion', '-Wshadow', '-Wno-maybe-uninitialized', '-Wno-unknown-warning-option', '-Werror']
/** What makes operations of TensorFlow's of the kernels. */
const ADDON_SOURCES = { 'addon.cc': [], 'separable_op.cc': [], 'dense_op.cc': [] }
/** A row of kernel_table.h: the source's name, what it computes, and the instruction sets that it may use. */
const KERNEL_ROW = /\{"(\w+)",\s*"\w+",\s*Numbers::\w+,\s*Numbers::\w+,\s*"([\w -]+)"\}/g

/**
 * @returns {Record<string, string[]>} what computes convolutions, each source with the compiler's flags for the instructions that it may
 *   use: more than every CPU has only where it is chosen at run time
 */
function kernelSources () {
  const rows = [...readFileSync(join(FOLDER, 'kernel_table.h'), 'utf8').matchAll(KERNEL_ROW)]
  const kernels = rows.map(([, file, needs]) => [`${file}.cc`, needs.split(' ').map(set => `-m${set}`)])
  return { 'team.cc': [], 'choose.cc': [], ...Object.fromEntries(kernels) }
}

/**
 * Compiles the addon with the operations of convolutions, or says why it is left out: the service computes the same without it.
 *
 * @param {string} folder where it goes
 * @param {string} nodeHeaders
 */
export async function compileConvolutions (folder, context, nodeHeaders) {
  const tensorflow = tensorflowFolder(context)
  const flags = ['-O2', '-DNAPI_VERSION=8', '-DBUILDING_NODE_EXTENSION', '-I', join(tensorflow, 'include'), '-I', nodeHeaders]
  const framework = context.target.libraries.find(name => name.includes('framework'))
  const linkerFlags = [join(tensorflow, 'lib', framework), ...context.target.linkerFlags]
  try {
    await compileSources({ ...kernelSources(), ...ADDON_SOURCES }, folder, context, { flags, linkerFlags, target: ADDON })
  } catch (error) {
    if (!(error instanceof SetupError)) throw error
    context.output(`Left out, since TensorFlow computes the same: the kernels of convolutions. ${error.message}`)
  }
}

/**
 * Compiles the program that checks the kernels, and the one that checks the team alone.
 *
 * @param {string} folder where they go
 * @param {{ kernels: string[], team: string[] }} flags of each, for the compiler and the linker
 * @returns {Promise<string[]>} their paths
 */
export async function compileChecks (folder, context, flags) {
  const compile = (sources, flags, target) => (
    compileSources(sources, folder, context, { flags: [...flags, ...WARNINGS], linkerFlags: [...flags, '-pthread'], target })
  )
  await compile({ ...kernelSources(), 'check.cc': [] }, flags.kernels, 'check')
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

async function compileSources (sources, folder, context, { flags, linkerFlags, target }) {
  const objects = Object.keys(sources).map(source => join(folder, `${source}.o`))
  try {
    const compiled = await Promise.allSettled(Object.entries(sources).map(([source, instructions], index) => (
      runCompiler([...FLAGS, ...flags, ...instructions, '-c', join(FOLDER, source), '-o', objects[index]], folder, context)
    )))
    const failed = compiled.find(({ status }) => status === 'rejected')
    if (failed !== undefined) throw failed.reason
    await runCompiler([...objects, ...linkerFlags, '-o', join(folder, target)], folder, context)
  } finally {
    for (const object of objects) rmSync(object, { force: true })
  }
}
