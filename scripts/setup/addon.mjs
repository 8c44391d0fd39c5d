import {
  copyFileSync, existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync
} from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { findCompiler, runCompiler, runCompilers } from './compiler.mjs'
import { compileConvolutions, leftOut, leftOutFlags, nativeKey } from './convolutions.mjs'
import { SetupError } from './errors.mjs'
import { compilePictures, picturesKey, picturesLeftOut } from './pictures.mjs'
import { hashOf, placeFile, publishFolder, readJson } from './files.mjs'
import { systemRelease, TENSORFLOW_VERSION } from './platform.mjs'
import { tensorflowFolder } from './tensorflow.mjs'

/** tfjs-node's own addon, and ours beside it. */
const ADDON = 'tfjs_binding.node'
const PROCESS = 'process.node'

const COMPILER_FLAGS = ['-O2', '-fPIC', '-std=c++17', '-DNAPI_VERSION=8', '-DBUILDING_NODE_EXTENSION']
const ADDON_FLAGS = ['-DNODE_GYP_MODULE_NAME=tfjs_binding']
const PROCESS_SOURCE = fileURLToPath(new URL('../../native/process/process.cc', import.meta.url))

/**
 * The step that gives tfjs-node its native half: TensorFlow's libraries in `deps/lib`, the addon compiled
 * into `lib/napi-v8`, ours beside it, and `deps/flavour.json`, by which the service knows at run time what is installed:
 * `{ "flavour": "cpu" | "gpu", "tensorflow": "2.21.0", "addon": "<hash of what the addon was made from>" }`.
 *
 * @type {import('./steps.mjs').Step}
 */
export const addon = {
  name: 'addon',
  needs: ['packages', 'TensorFlow', 'kernels'],

  isDone (context) {
    const { root, target } = context
    const deps = join(tfjsFolder(root), 'deps')
    const installed = readJson(join(deps, 'flavour.json'))
    return installed?.flavour === target.flavour &&
      installed.tensorflow === TENSORFLOW_VERSION &&
      installed.addon === addonKey(context) &&
      // Older set-ups left links into the cache, which whoever runs the service may not see.
      target.libraries.every(name => lstatSync(join(deps, 'lib', name), { throwIfNoEntry: false })?.isFile()) &&
      [ADDON, PROCESS].every(name => existsSync(join(tfjsFolder(root), 'lib', 'napi-v8', name)))
  },

  check ({ env }) {
    findCompiler(env)
  },

  async run (context) {
    const { root, cache, target, progress } = context
    const key = addonKey(context)
    const compiled = join(cache, `addon-${key}`)
    if (!existsSync(compiled)) {
      progress('compiling')
      await publishFolder(compiled, folder => compile(folder, context))
    }
    await publishFolder(join(tfjsFolder(root), 'lib'), async folder => {
      mkdirSync(join(folder, 'napi-v8'))
      // A copy, because Node resolves links and the addon would then look for its libraries beside the cached one.
      for (const name of readdirSync(compiled)) copyFileSync(join(compiled, name), join(folder, 'napi-v8', name))
    }, { replace: () => true })
    await publishFolder(join(tfjsFolder(root), 'deps'), async folder => {
      mkdirSync(join(folder, 'lib'))
      for (const name of target.libraries) await placeFile(join(tensorflowFolder(context), 'lib', name), join(folder, 'lib', name))
      const installed = { flavour: target.flavour, tensorflow: TENSORFLOW_VERSION, addon: key }
      writeFileSync(join(folder, 'flavour.json'), JSON.stringify(installed, null, 2) + '\n')
    }, { replace: () => true })
  }
}

function tfjsFolder (root) {
  return join(root, 'node_modules', '@tensorflow', 'tfjs-node')
}

function headersFolder (root) {
  return join(root, 'node_modules', 'node-api-headers', 'include')
}

/** @returns {string} a hash of everything that decides what the compiled addon looks like */
function addonKey ({ root, target, env }) {
  const sources = join(tfjsFolder(root), 'binding')
  return hashOf([
    ...readdirSync(sources).sort().map(name => readFileSync(join(sources, name))),
    ...nativeKey(),
    ...picturesKey(),
    readFileSync(join(headersFolder(root), '..', 'package.json')),
    target.sha256,
    ...COMPILER_FLAGS,
    ...ADDON_FLAGS,
    ...target.linkerFlags,
    env.CXX ?? '',
    systemRelease()
  ])
}

async function compile (folder, context) {
  const scratch = join(folder, 'objects')
  mkdirSync(scratch)
  const headers = headersFolder(context.root)
  const [convolutions, pictures, ...others] = await Promise.allSettled([
    compileConvolutions(scratch, context, headers), compilePictures(scratch, context, headers),
    compileBinding(scratch, context), compileProcess(scratch, context)
  ])
  const failed = others.find(result => result.status === 'rejected')
  if (failed !== undefined) throw failed.reason
  /** @type {Array<[PromiseSettledResult<void>, (error: Error) => string]>} */
  const optional = [[convolutions, leftOut], [pictures, picturesLeftOut]]
  for (const [result, sentence] of optional) {
    if (result.status === 'fulfilled') continue
    if (!(result.reason instanceof SetupError)) throw result.reason
    context.output(sentence(result.reason))
  }
  for (const name of readdirSync(scratch).filter(name => name.endsWith('.node'))) renameSync(join(scratch, name), join(folder, name))
  rmSync(scratch, { recursive: true })
}

async function compileBinding (folder, context) {
  const { root, target } = context
  const tensorflow = tensorflowFolder(context)
  const binding = join(tfjsFolder(root), 'binding')
  const sources = readdirSync(binding).filter(name => name.endsWith('.cc')).map(name => join(binding, name))
  const objectOf = (/** @type {string} */ source) => join(folder, `${basename(source)}.o`)
  const flags = [...COMPILER_FLAGS, ...ADDON_FLAGS, '-I', headersFolder(root), '-I', join(tensorflow, 'include')]
  await runCompilers(sources.map(source => [...flags, '-c', source, '-o', objectOf(source)]), folder, context)
  const libraries = target.libraries.map(name => join(tensorflow, 'lib', name))
  await runCompiler([...sources.map(objectOf), ...libraries, ...target.linkerFlags, '-o', join(folder, ADDON)], folder, context)
}

async function compileProcess (folder, context) {
  const flags = [...COMPILER_FLAGS, ...leftOutFlags(context), '-I', headersFolder(context.root)]
  await runCompiler([...flags, PROCESS_SOURCE, ...context.target.linkerFlags, '-o', join(folder, PROCESS)], folder, context)
}
