import { copyFileSync, existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { release } from 'node:os'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runCompiler } from './compiler.mjs'
import { hashOf, placeFile, publishFolder, readJson } from './files.mjs'
import { TENSORFLOW_VERSION } from './platform.mjs'
import { compileConvolutions } from './convolutions.mjs'
import { tensorflowFolder } from './tensorflow.mjs'

/** tfjs-node's own addon, and ours beside it. */
const ADDON = 'tfjs_binding.node'
const PROCESS = 'process.node'

const COMPILER_FLAGS = ['-O2', '-std=c++17', '-DNAPI_VERSION=8', '-DBUILDING_NODE_EXTENSION']
const ADDON_FLAGS = ['-DNODE_GYP_MODULE_NAME=tfjs_binding']
const NATIVE = fileURLToPath(new URL('../../native/', import.meta.url))
const PROCESS_SOURCE = join(NATIVE, 'process', 'process.cc')

/**
 * The step that gives tfjs-node its native half: TensorFlow's libraries in `deps/lib`, the addon compiled
 * into `lib/napi-v8`, ours beside it, and `deps/flavour.json`, by which the service knows at run time what is installed:
 * `{ "flavour": "cpu" | "gpu", "tensorflow": "2.21.0", "addon": "<hash of what the addon was made from>" }`.
 */
export const addon = {
  name: 'addon',

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
    ...ownSources().flatMap(path => [path, readFileSync(join(NATIVE, path))]),
    // Which flags each source gets.
    readFileSync(new URL('convolutions.mjs', import.meta.url)),
    readFileSync(join(headersFolder(root), '..', 'package.json')),
    target.sha256,
    ...COMPILER_FLAGS,
    ...ADDON_FLAGS,
    ...target.linkerFlags,
    env.CXX ?? '',
    systemRelease()
  ])
}

/** What this project's addons are made from: all but what checks them. */
function ownSources () {
  return readdirSync(NATIVE, { recursive: true }).filter(path => /\.(cc|h)$/.test(path) && !basename(path).startsWith('check')).sort()
}

/** The cache may be shared by systems (or containers) whose C++ runtime libraries differ. */
function systemRelease () {
  return existsSync('/etc/os-release') ? readFileSync('/etc/os-release') : release()
}

async function compile (folder, context) {
  const { root, target } = context
  const tensorflow = tensorflowFolder(context)
  const binding = join(tfjsFolder(root), 'binding')
  const sources = readdirSync(binding).filter(name => name.endsWith('.cc')).map(name => join(binding, name))
  const node = [...COMPILER_FLAGS, '-I', headersFolder(root)]
  await runCompiler([
    ...node, ...ADDON_FLAGS, '-I', join(tensorflow, 'include'), ...sources, ...target.libraries.map(name => join(tensorflow, 'lib', name)),
    ...target.linkerFlags, '-o', join(folder, ADDON)
  ], folder, context)
  await runCompiler([...node, PROCESS_SOURCE, ...target.linkerFlags, '-o', join(folder, PROCESS)], folder, context)
  if (target.ownKernels) await compileConvolutions(folder, context, headersFolder(root))
}
