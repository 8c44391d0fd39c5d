import { accessSync, constants, copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { release } from 'node:os'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { run } from './child.mjs'
import { SetupError } from './errors.mjs'
import { hashOf, publishFolder, readJson } from './files.mjs'
import { TENSORFLOW_VERSION } from './platform.mjs'
import { tensorflowFolder } from './tensorflow.mjs'

/** tfjs-node's own addon, and ours beside it. */
const ADDON = 'tfjs_binding.node'
const ALLOCATOR = 'allocator.node'

const COMPILER_FLAGS = ['-O2', '-std=c++17', '-DNAPI_VERSION=8', '-DBUILDING_NODE_EXTENSION']
const ADDON_FLAGS = ['-DNODE_GYP_MODULE_NAME=tfjs_binding']
const ALLOCATOR_SOURCE = fileURLToPath(new URL('native/allocator.cc', import.meta.url))

/**
 * The step that gives tfjs-node its native half: TensorFlow's libraries linked into `deps/lib`, the addon compiled
 * into `lib/napi-v8`, and `deps/flavour.json`, by which the service knows at run time what is installed:
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
      // Dangling links show that the cache has been deleted or moved.
      target.libraries.every(name => existsSync(join(deps, 'lib', name))) &&
      [ADDON, ALLOCATOR].every(name => existsSync(join(tfjsFolder(root), 'lib', 'napi-v8', name)))
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
      for (const name of [ADDON, ALLOCATOR]) copyFileSync(join(compiled, name), join(folder, 'napi-v8', name))
    }, { replace: () => true })
    await publishFolder(join(tfjsFolder(root), 'deps'), async folder => {
      mkdirSync(join(folder, 'lib'))
      for (const name of target.libraries) symlinkSync(join(tensorflowFolder(context), 'lib', name), join(folder, 'lib', name))
      const installed = { flavour: target.flavour, tensorflow: TENSORFLOW_VERSION, addon: key }
      writeFileSync(join(folder, 'flavour.json'), JSON.stringify(installed, null, 2) + '\n')
    }, { replace: () => true })
  }
}

function tfjsFolder (root) {
  return join(root, 'node_modules', '@tensorflow', 'tfjs-node')
}

function headersFolder (root) {
  return join(root, 'node_modules', 'node-api-headers')
}

/** @returns {string} a hash of everything that decides what the compiled addon looks like */
function addonKey ({ root, target, env }) {
  const sources = join(tfjsFolder(root), 'binding')
  return hashOf([
    ...readdirSync(sources).sort().map(name => readFileSync(join(sources, name))),
    readFileSync(ALLOCATOR_SOURCE),
    readFileSync(join(headersFolder(root), 'package.json')),
    target.sha256,
    ...COMPILER_FLAGS,
    ...ADDON_FLAGS,
    ...target.linkerFlags,
    env.CXX ?? '',
    systemRelease()
  ])
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
  await compileAddon(folder, context, ADDON, [
    ...ADDON_FLAGS, '-I', join(tensorflow, 'include'), ...sources, ...target.libraries.map(name => join(tensorflow, 'lib', name))
  ])
  await compileAddon(folder, context, ALLOCATOR, [ALLOCATOR_SOURCE])
}

async function compileAddon (folder, { root, target, env }, name, inputs) {
  const [compiler, ...compilerArgs] = findCompiler(env)
  const args = [
    ...compilerArgs, ...COMPILER_FLAGS, '-I', join(headersFolder(root), 'include'), ...inputs, ...target.linkerFlags,
    '-o', join(folder, name)
  ]
  let result
  try {
    result = await run(compiler, args, { cwd: folder, env: { ...env, TMPDIR: folder } })
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
