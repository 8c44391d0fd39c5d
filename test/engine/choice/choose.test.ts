import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { suite, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { addon } from '../../../src/base/addon.js'
import { packagePath } from '../../../src/base/package-root.js'
import { choose } from '../../../src/engine/choice/choose.js'
import { kernelsAddon } from '../../../src/engine/kernels.js'
import { tempFolder } from '../../support/temp-folder.js'

/** What is called of the set-up. */
interface Context { cache: string, env: NodeJS.ProcessEnv, target: unknown }
interface SetUp {
  cacheFolder (env: NodeJS.ProcessEnv): string
  findTarget (wanted: { flavour: 'cpu' }): unknown
  kernelsFolder (context: Context): string
  compileConvolutions (folder: string, context: Context, nodeHeaders: string): Promise<void>
}

/** So many times as slow as it could be. */
const TIMES = 8
const settings = { precision: 'float32', kernels: 'auto' } as const
/** With one thread its own time counts, whatever else the machine does. */
const threads = 1

const own = kernelsAddon() === undefined ? [] : addon().kernelRows().filter(({ weights }) => weights === 'float32')
const [first] = own
const skip = first === undefined ? 'there are no kernels of this project\'s here' : false

suite('what computes', { skip }, () => {
  test('is never a kernel that is slow: one is put into the addon, and the measurement is kept', async (t) => {
    const folder = tempFolder(t)
    const slow = await addonWithSlow(first?.name ?? '', folder)
    const measuring = { threads, cacheDir: join(folder, 'cache'), addon: slow, limitMs: 60_000 }
    const choice = await choose(settings, measuring)
    assert.equal(choice.reason, 'measured', choice.why)
    assert.notEqual(choice.candidate.kernels, first?.name, choice.why)
    assert.match(choice.why, new RegExp(`${first?.name} in float32 [\\d.]+ ms.*TensorFlow in float32 [\\d.]+ ms`))

    assert.equal(readdirSync(join(folder, 'cache', 'kernels')).length, 1)
    // No time at all, which what was kept does not take.
    assert.deepEqual(await choose(settings, { ...measuring, limitMs: 0 }), choice)
  })

  test('is what is expected of such a CPU where the time is too short, and the cache need not take it', async () => {
    const { candidate, reason, why } = await choose(settings, { threads, cacheDir: '/dev/null/cache', limitMs: 0 })
    assert.deepEqual([candidate.kernels, reason], [first?.name, 'table'])
    assert.match(why, /^not measured, since the time for it was too short: what is expected of such a CPU$/)
  })
})

/** Links the addon anew, of the same objects but for one: that kernel's, which computes each block again and again. */
async function addonWithSlow (name: string, folder: string): Promise<string> {
  const load = async (file: string): Promise<Partial<SetUp>> => await import(pathToFileURL(packagePath(`scripts/setup/${file}.mjs`)).href)
  const setUp = Object.assign({}, await load('files'), await load('platform'), await load('convolutions')) as SetUp
  const context = { env: process.env, cache: setUp.cacheFolder(process.env), target: setUp.findTarget({ flavour: 'cpu' }) }
  const objects = setUp.kernelsFolder(context)
  const cache = join(folder, 'set-up')
  mkdirSync(cache)
  for (const entry of readdirSync(context.cache)) {
    if (entry !== basename(objects)) symlinkSync(join(context.cache, entry), join(cache, entry))
  }
  cpSync(objects, join(cache, basename(objects)), { recursive: true })
  await compileSlow(name, join(cache, basename(objects)), folder)
  await setUp.compileConvolutions(folder, { ...context, cache }, packagePath('node_modules/node-api-headers/include'))
  return join(folder, 'convolutions.node')
}

async function compileSlow (name: string, objects: string, folder: string): Promise<void> {
  const sources = packagePath('native/convolutions')
  const table = readFileSync(join(sources, 'kernel_table.h'), 'utf8')
  const row = new RegExp(`\\{"(\\w+)",\\s*"${name}",\\s*Numbers::kFloat32,\\s*Numbers::kFloat32,\\s*"([\\w -]+)"\\}`)
  const [, file = '', needs = ''] = row.exec(table) ?? []
  const slow = `#include "block.h"
    namespace convolutions {
    namespace {
    template <class Simd, class Number>
    void ComputeSlowly(const Convolution& convolution, int64_t first, int64_t last, void* memory) {
      for (int time = 0; time < ${TIMES}; time++) ComputeBlock<Simd, Number>(convolution, first, last, memory);
    }
    template <class Simd, class Number>
    constexpr Kernel SlowKernelOf(const char* file) {
      Kernel kernel = KernelOf<Simd, Number>(file);
      kernel.block = ComputeSlowly<Simd, Number>;
      return kernel;
    }
    }
    }`
  const source = readFileSync(join(sources, `${file}.cc`), 'utf8').replace('KernelOf<', 'SlowKernelOf<').replace('#include "block.h"', slow)
  const path = join(folder, 'slow.cc')
  writeFileSync(path, source)
  const sets = needs.split(' ')
  const flags = process.arch === 'arm64' ? ['-march=armv8-a'] : sets.map((set) => `-m${set}`)
  const compiler = process.env.CXX ?? 'c++'
  const output = join(objects, `${file}.cc.o`)
  await promisify(execFile)(compiler, ['-std=c++20', '-O2', '-fPIC', ...flags, '-I', sources, '-c', path, '-o', output])
}
