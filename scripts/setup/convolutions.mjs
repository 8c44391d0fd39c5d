import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runCompiler } from './compiler.mjs'
import { SetupError } from './errors.mjs'
import { tensorflowFolder } from './tensorflow.mjs'

const ADDON = 'convolutions.node'
const CHECK = 'check.cc'
const FOLDER = fileURLToPath(new URL('../../native/convolutions/', import.meta.url))
/** Atomics that can be waited for are of C++20. */
const FLAGS = ['-std=c++20', '-fPIC']

/** Each with the instructions that it may use: more than every CPU has only where it is chosen at run time. */
const KERNELS = {
  'team.cc': [],
  'choose.cc': [],
  'avx2_float32.cc': ['-mavx2', '-mfma'],
  'avx512_float32.cc': ['-mavx512f'],
  'avx512_bfloat16.cc': ['-mavx512f', '-mavx512bw', '-mavx512vl', '-mavx512bf16'],
  'avx2_int8_float32.cc': ['-mavx2', '-mfma'],
  'avx512_int8_float32.cc': ['-mavx512f', '-mavx512vnni'],
  'avx512_int8_bfloat16.cc': ['-mavx512f', '-mavx512bw', '-mavx512vl', '-mavx512bf16', '-mavx512vnni']
}

/** @returns {(string | Buffer)[]} all that decides what the addon looks like */
export function convolutionsKey () {
  const sources = readdirSync(FOLDER).filter(name => !name.startsWith('check')).sort()
  return [JSON.stringify([KERNELS, FLAGS]), ...sources.map(name => readFileSync(join(FOLDER, name)))]
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
    await compileSources({ ...KERNELS, 'op.cc': [], 'dense_op.cc': [] }, folder, context, { flags, linkerFlags, target: ADDON })
  } catch (error) {
    if (!(error instanceof SetupError)) throw error
    context.output(`Left out, since TensorFlow computes the same: the kernels of convolutions. ${error.message}`)
  }
}

/**
 * Compiles the program that checks the kernels.
 *
 * @param {string} folder where it goes
 * @param {string[]} flags for the compiler and the linker
 * @returns {Promise<string>} its path
 */
export async function compileCheck (folder, context, flags) {
  await compileSources({ ...KERNELS, [CHECK]: [] }, folder, context, { flags, linkerFlags: [...flags, '-pthread'], target: 'check' })
  return join(folder, 'check')
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
