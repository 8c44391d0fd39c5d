import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { createHash } from 'node:crypto'
import { delimiter, join } from 'node:path'
import type { TestContext } from 'node:test'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { childOf } from './child.js'
import { tempFolder } from './temp-folder.js'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))
const KERNELS = 'native/convolutions'
const COPIED = [
  'package.json', 'package-lock.json', 'tsconfig.json', 'tsconfig.service.json', 'page/tsconfig.json', 'page/tsconfig.build.json',
  '.npmrc', 'native', 'scripts'
]
const PACKAGE = join('node_modules', '@tensorflow', 'tfjs-node')

/** A row of the table in scripts/setup/platform.mjs. */
export interface Target {
  platform: string
  arch: string
  flavour: 'cpu' | 'gpu'
  ownKernels?: boolean
  sha256: string
  diskMegabytes: number
  libraries: string[]
}

/** What scripts/setup/platform.mjs exports. */
export interface Platform {
  TARGETS: Target[]
  findTarget (wanted: { platform: string, arch: string, flavour: 'cpu' | 'gpu' }): Target
}

export const platform: Platform = await import(pathToFileURL(join(ROOT, 'scripts', 'setup', 'platform.mjs')).href)

export interface Result {
  code: number | null
  signal: NodeJS.Signals | null
  stdout: string
  stderr: string
}

export interface Running {
  pid: number
  /** Sends a signal to the process itself, not to its children. */
  kill (signal: NodeJS.Signals): void
  result: Promise<Result>
}

export interface RunOptions {
  env?: NodeJS.ProcessEnv
  /** Programs that stand before those of the machine. */
  programs?: Record<string, string>
  /** Hides every program but these (and the faked ones). */
  only?: string[]
}

/**
 * A small copy of the repository with a cache of its own: the real scripts and packages, one source file of a line.
 * C++ sources, tfjs-node's and those of the kernels, are replaced by such that compile in a moment.
 */
export class Clone {
  readonly folder: string
  readonly home: string
  readonly cache: string

  constructor (private readonly test: TestContext, home = tempFolder(test)) {
    this.folder = tempFolder(test)
    this.home = home
    this.cache = join(home, 'xception-serve')
    for (const name of COPIED) {
      cpSync(join(ROOT, name), join(this.folder, name), { recursive: true })
    }
    this.write('src/main.ts', 'console.log(JSON.stringify({ pid: process.pid, args: process.argv.slice(2) }))\n')
    this.write('page/main.ts', 'export const title: string = document.title\n')
    this.#linkPackages()
  }

  /** Everything in node_modules is a link, but for what the set-up changes. */
  #linkPackages (): void {
    for (const folder of ['node_modules', join('node_modules', '@tensorflow')]) {
      mkdirSync(join(this.folder, folder))
      for (const name of readdirSync(join(ROOT, folder))) {
        const isCopied = ['@tensorflow', 'tfjs-node', '.package-lock.json'].includes(name)
        if (!isCopied) symlinkSync(join(ROOT, folder, name), join(this.folder, folder, name))
      }
    }
    cpSync(join(ROOT, 'node_modules', '.package-lock.json'), this.path('node_modules/.package-lock.json'))
    const source = '#include "tensorflow/c/c_api.h"\n#include "node_api.h"\nint binding() { return tensorflow(); }\n'
    this.write(`${PACKAGE}/binding/binding.cc`, source)
    for (const name of readdirSync(this.path(KERNELS)).filter(name => name.endsWith('.cc'))) this.write(join(KERNELS, name), '')
  }

  path (name: string): string {
    return join(this.folder, name)
  }

  write (name: string, text: string): void {
    mkdirSync(join(this.path(name), '..'), { recursive: true })
    writeFileSync(this.path(name), text)
  }

  has (name: string): boolean {
    return existsSync(this.path(name))
  }

  /** What the service reads at run time to learn which TensorFlow is installed. */
  installed (): { flavour: string, tensorflow: string } {
    return JSON.parse(readFileSync(this.path(`${PACKAGE}/deps/flavour.json`), 'utf8'))
  }

  /** Puts a stand-in for TensorFlow into the cache, where the set-up expects the real one. */
  seedTensorflow (): void {
    const target = hostTarget()
    makeTensorflow(join(this.cache, `tensorflow-2.21.0-${target.flavour}-${target.sha256.slice(0, 12)}`), target)
  }

  /** Names of files and folders that an unfinished set-up would leave in the clone and the cache. */
  leftovers (): string[] {
    return [this.folder, this.cache, this.path(PACKAGE), this.path('.setup')]
      .filter(folder => existsSync(folder))
      .flatMap(folder => readdirSync(folder).filter(name => name.includes('.tmp-') || name.startsWith('lock')))
  }

  /** Starts one of the scripts as a process. */
  start (args: string[], { env = {}, programs = {}, only }: RunOptions = {}): Running {
    const folder = mkdtempSync(join(this.home, 'bin-'))
    for (const [name, text] of Object.entries(programs)) {
      writeFileSync(join(folder, name), `#!/bin/sh\n${text}\n`)
      chmodSync(join(folder, name), 0o755)
    }
    for (const name of only ?? []) symlinkSync(programPath(name), join(folder, name))
    // The machine's own settings of pip are kept from deciding the outcome, and so is what the test runner sets.
    const inherited = Object.entries(process.env).filter(([name]) => !/^(PIP_|NODE_|npm_|CXX$|TENSORFLOW_WHEEL$|FAIL_ON_SKIP$)/.test(name))
    const child = childOf(this.test, spawn(process.execPath, args, {
      cwd: this.folder,
      env: {
        ...Object.fromEntries(inherited),
        PATH: only === undefined ? `${folder}${delimiter}${process.env['PATH']}` : folder,
        HOME: this.home,
        XDG_CACHE_HOME: this.home,
        PIP_CONFIG_FILE: '/dev/null',
        ...env
      },
      stdio: ['ignore', 'pipe', 'pipe']
    }))
    let stdout = ''
    let stderr = ''
    child.stdout.setEncoding('utf8').on('data', text => { stdout += text })
    child.stderr.setEncoding('utf8').on('data', text => { stderr += text })
    const result = new Promise<Result>((resolve, reject) => {
      child.once('error', reject)
      child.once('close', (code, signal) => resolve({ code, signal, stdout, stderr }))
    })
    return { pid: child.pid ?? 0, kill: signal => { child.kill(signal) }, result }
  }

  /** Runs the set-up as `npm run setup` does. */
  setup (args: string[] = [], options: RunOptions = {}): Promise<Result> {
    return this.start(['scripts/setup.mjs', ...args], options).result
  }

  /** Starts the set-up with other things to install than the real wheels. */
  startSetupOf (targets: Target[], settings: { flavour?: 'cpu' | 'gpu' } = {}, options: RunOptions = {}): Running {
    const module = JSON.stringify(pathToFileURL(this.path('scripts/setup.mjs')).href)
    const program = `const { asCommand, setup } = await import(${module})
      await asCommand(() => setup({ development: true, ...${JSON.stringify(settings)}, targets: ${JSON.stringify(targets)} }))`
    writeFileSync(this.path('drive.mjs'), program)
    return this.start(['drive.mjs'], options)
  }
}

/** @returns the row of the table that this machine uses */
export function hostTarget (): Target {
  return platform.findTarget({ platform: process.platform, arch: process.arch, flavour: 'cpu' })
}

/**
 * Makes a wheel of a few kilobytes with the layout of TensorFlow's.
 *
 * @returns its path and the row of the table that fits it
 */
export function makeWheel (folder: string, flavour: 'cpu' | 'gpu'): { path: string, target: Target } {
  const tree = join(folder, `wheel-${flavour}`)
  makeTensorflow(join(tree, 'tensorflow'), hostTarget(), flavour === 'gpu' ? 2 : 1)
  for (const name of hostTarget().libraries) cpSync(join(tree, 'tensorflow', 'lib', name), join(tree, 'tensorflow', name))
  const path = join(folder, `${flavour}.whl`)
  const zipped = spawnSync('python3', ['-m', 'zipfile', '-c', path, join(tree, 'tensorflow')], { encoding: 'utf8' })
  if (zipped.status !== 0) throw new Error(zipped.stderr)
  const sha256 = createHash('sha256').update(readFileSync(path)).digest('hex')
  return { path, target: { ...hostTarget(), flavour, sha256, diskMegabytes: 1 } }
}

function makeTensorflow (folder: string, target: Target, answer = 1): void {
  mkdirSync(join(folder, 'lib'), { recursive: true })
  mkdirSync(join(folder, 'include', 'tensorflow', 'c'), { recursive: true })
  writeFileSync(join(folder, 'include', 'tensorflow', 'c', 'c_api.h'), 'int tensorflow();\n')
  const others = join(folder, 'include', 'tensorflow', 'core', 'common_runtime', 'next_pluggable_device', 'c')
  mkdirSync(others, { recursive: true })
  writeFileSync(join(others, 'tf_rendezvous_c_api.h'), '')
  const source = join(folder, 'tensorflow.cc')
  writeFileSync(source, `int tensorflow() { return ${answer}; }\n`)
  for (const name of target.libraries) {
    const compiled = spawnSync('c++', ['-shared', '-fPIC', source, '-o', join(folder, 'lib', name)], { encoding: 'utf8' })
    if (compiled.status !== 0) throw new Error(compiled.stderr)
  }
}

function programPath (name: string): string {
  const folder = (process.env['PATH'] ?? '').split(delimiter).find(entry => existsSync(join(entry, name)))
  if (folder === undefined) throw new Error(`${name} is not on the PATH`)
  return join(folder, name)
}

/** What each step of a set-up comes to where all is there. */
export const ALL_SKIPPED = {
  packages: 'skipped', TensorFlow: 'skipped', kernels: 'skipped', addon: 'skipped', build: 'skipped'
} as const

/** What compiles in C++ for the first time. */
export const NATIVE_DONE = { kernels: hostTarget().ownKernels === true ? 'done' : 'skipped', addon: 'done' } as const

/** A set-up ended well, and these steps were done and these skipped. */
export function assertSteps ({ code, stderr }: Result, expected: Record<string, 'done' | 'skipped'>): void {
  assert.equal(code, 0, stderr)
  const steps = stderr.trim().split('\n').filter(line => !/^Waiting| \.\.\.$/.test(line)).map(line => {
    const [, name, outcome] = /^(\S+) +(.+)$/.exec(line) ?? []
    return [name, outcome === 'up to date' ? 'skipped' : 'done']
  })
  assert.deepEqual(Object.fromEntries(steps), expected)
}

/** The failure is told in one sentence and nothing else. */
export function assertSentence ({ code, stderr }: Result, ...patterns: RegExp[]): void {
  const lines = stderr.trim().split('\n').filter(line => !/^\S+ +(up to date|[\d.]+ s)$| \.\.\.$/.test(line))
  assert.equal(lines.length, 1, stderr)
  for (const pattern of patterns) assert.match(lines[0] ?? '', pattern)
  assert.equal(code, 1)
}
