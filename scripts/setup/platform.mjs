import { existsSync, readFileSync } from 'node:fs'
import { release } from 'node:os'
import { SetupError } from './errors.mjs'

/** The TensorFlow that every platform and flavour gets. */
export const TENSORFLOW_VERSION = '2.21.0'

const LINUX = {
  libraries: ['libtensorflow_cc.so.2', 'libtensorflow_framework.so.2'],
  linkerFlags: ['-shared', '-fPIC', '-Wl,-rpath,$ORIGIN/../../deps/lib']
}

const MACOS = {
  libraries: ['libtensorflow_cc.2.dylib', 'libtensorflow_framework.2.dylib'],
  // Node's own symbols are only known once the addon is loaded.
  linkerFlags: ['-bundle', '-fPIC', '-undefined', 'dynamic_lookup', '-Wl,-rpath,@loader_path/../../deps/lib']
}

/**
 * @typedef {{
 *   platform: string, arch: string, flavour: string, ownKernels?: boolean, project: string, tag: string, sha256: string,
 *   wheelMegabytes: number, diskMegabytes: number, libraries: string[], linkerFlags: string[]
 * }} Target
 */

/**
 * One row for every TensorFlow that can be installed. `project` and `tag` name the wheel, `wheelMegabytes` is its
 * size (10^6 bytes), `diskMegabytes` what download and extraction take together at their peak; `ownKernels` says that
 * `native/convolutions` has kernels for the platform's CPUs.
 *
 * @type {Target[]}
 */
export const TARGETS = [
  {
    platform: 'linux',
    arch: 'x64',
    flavour: 'cpu',
    ownKernels: true,
    project: 'tensorflow-cpu',
    tag: 'manylinux_2_27_x86_64',
    sha256: '2b847d217b02ee7731ed91431daf3250daa0196c3c94614d23be27232e6e5b6c',
    wheelMegabytes: 274,
    diskMegabytes: 1300,
    ...LINUX
  },
  {
    platform: 'linux',
    arch: 'x64',
    flavour: 'gpu',
    ownKernels: true,
    project: 'tensorflow',
    tag: 'manylinux_2_27_x86_64',
    sha256: '9056fbc9ba04235810b71ae6cbd958a196e8804fb53bbcffbf3e23b56155f124',
    wheelMegabytes: 572,
    diskMegabytes: 2000,
    ...LINUX
  },
  {
    platform: 'linux',
    arch: 'arm64',
    flavour: 'cpu',
    ownKernels: true,
    project: 'tensorflow',
    tag: 'manylinux_2_27_aarch64',
    sha256: '4b24aca16d527a3cf1c37f720c04c484c3d20f4d0fdfa98632ac8b9f3be6eb5c',
    wheelMegabytes: 282,
    diskMegabytes: 1500,
    ...LINUX
  },
  {
    platform: 'darwin',
    arch: 'arm64',
    flavour: 'cpu',
    project: 'tensorflow',
    tag: 'macosx_12_0_arm64',
    sha256: '51f46f4806139d01fc7920cc72a4c75876f80649bf40ff083ab6212ceb43ca88',
    wheelMegabytes: 223,
    diskMegabytes: 1500,
    ...MACOS
  }
]

/**
 * @param {{ platform?: string, arch?: string, flavour: 'cpu' | 'gpu', targets?: Target[] }} wanted
 * @returns {Target} the row of the table that serves it
 * @throws {SetupError} when no row does
 */
export function findTarget ({ platform = process.platform, arch = process.arch, flavour, targets = TARGETS }) {
  const rows = targets.filter(row => row.platform === platform && row.arch === arch)
  const row = rows.find(candidate => candidate.flavour === flavour)
  if (row !== undefined) return row
  if (rows.length > 0) throw new SetupError('The GPU flavour exists for Linux x64 only: run the set-up with --cpu.')
  throw new SetupError(`TensorFlow ${TENSORFLOW_VERSION} is not to be had for ${platform} ${arch}: ` +
    'run the container instead (see the README).')
}

/**
 * Refuses a Node.js or a Linux on which the service cannot run.
 *
 * @param {string} nodeVersions the range in package.json, `>=` and a version
 * @throws {SetupError}
 */
export function requireSystem (nodeVersions) {
  const [major = 0, minor = 0] = nodeVersions.replace('>=', '').split('.').map(Number)
  const [actualMajor = 0, actualMinor = 0] = process.versions.node.split('.').map(Number)
  if (actualMajor < major || (actualMajor === major && actualMinor < minor)) {
    throw new SetupError(`Node.js ${process.versions.node} is too old: install ${major}.${minor} or later.`)
  }
  if (process.platform === 'linux' && glibcVersion() === undefined) {
    throw new SetupError(`TensorFlow ${TENSORFLOW_VERSION} needs a Linux with glibc, which this one lacks: ` +
      'run the container instead (see the README).')
  }
}

function glibcVersion () {
  const { header } = /** @type {{ header: { glibcVersionRuntime?: string } }} */ (process.report.getReport())
  return header.glibcVersionRuntime
}

/** @returns {string | Buffer} what tells systems (or containers) apart that share a cache, but not their C++ runtime libraries */
export function systemRelease () {
  return existsSync('/etc/os-release') ? readFileSync('/etc/os-release') : release()
}
