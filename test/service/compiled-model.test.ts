import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { cacheKey } from '../../src/compiler/cache-key.js'
import type { ModelTarget } from '../../src/compiler/index.js'
import { readConfig, type Config } from '../../src/config.js'
import { compiledModel } from '../../src/service/compiled-model.js'
import { openModel } from '../../src/sources/open.js'
import { childOf } from '../support/child.js'
import { tempFolder } from '../support/temp-folder.js'
import { until } from '../support/until.js'

const FLOAT32: ModelTarget = { precision: 'float32', ownKernels: false }

const XCEPTION = fileURLToPath(new URL('../../src/cli/index.js', import.meta.url))
const SERVER = fileURLToPath(new URL('../../src/main.js', import.meta.url))

function temporaryConfig (t: TestContext): Config {
  const cacheDir = tempFolder(t)
  return readConfig({ MODEL_CACHE_DIR: cacheDir })
}

const entries = ({ cacheDir }: Config): string[] => readdirSync(join(cacheDir, 'compiled'))

/** Runs `xception compile` and gives what it says. */
async function compileInProcess (t: TestContext, { cacheDir }: Config): Promise<string> {
  const env = { ...process.env, BACKEND: 'cpu', MODEL_CACHE_DIR: cacheDir }
  const child = childOf(t, spawn(process.execPath, [XCEPTION, 'compile'], { env }))
  let said = ''
  child.stderr.on('data', (chunk: Buffer) => { said += chunk.toString() })
  const [code] = await once(child, 'close')
  assert.equal(code, 0, said)
  return said
}

test('ten starts at once compile once', async (t) => {
  const config = temporaryConfig(t)
  const said = await Promise.all(Array.from({ length: 10 }, () => compileInProcess(t, config)))
  assert.equal(said.filter((text) => text.includes('compiled in')).length, 1, said.join(''))
  assert.equal(said.filter((text) => text.includes('it was compiled before')).length, 9, said.join(''))
  const [only, ...others] = entries(config)
  assert.match(only ?? '', /^[0-9a-f]{32}$/)
  assert.deepEqual(others, [], 'nothing half done stays behind, and no lock')
})

test('the graph does not depend on who compiles it, and a damaged one is made anew', async (t) => {
  const config = temporaryConfig(t)
  const model = await openModel(config)
  const { path } = await compiledModel(config, model, FLOAT32)
  const graph = join(path, 'saved_model.pb')
  const good = readFileSync(graph)
  writeFileSync(graph, good.subarray(0, good.length / 2))
  assert.deepEqual(await compiledModel(config, model, FLOAT32), { path, fromCache: false })
  assert.deepEqual(readFileSync(graph), good)
})

test('the key is of what decides the graph, and of nothing else', async () => {
  const model = await openModel(readConfig({}))
  const key = await cacheKey(model, FLOAT32)
  assert.equal(await cacheKey({ ...model, name: 'other', labels: [], warnings: ['one'] }, FLOAT32), key)
  assert.notEqual(await cacheKey(model, { ...FLOAT32, precision: 'bfloat16' }), key)
  assert.notEqual(await cacheKey(model, { ...FLOAT32, ownKernels: true }), key)
  assert.notEqual(await cacheKey({ ...model, hashWeights: async () => 'others' }, FLOAT32), key)
  const rescaling = { scale: 1, offset: 0 }
  const network = { ...model.network, input: { ...model.network.input, rescaling } }
  assert.notEqual(await cacheKey({ ...model, network }, FLOAT32), key)
})

test('the key of a graph in int8 is of its quantization too', async () => {
  const model = await openModel(readConfig({}))
  const target: ModelTarget = { precision: 'float32', ownKernels: true, quantized: true }
  const keyWith = async (high: number, of: ModelTarget): Promise<string> => {
    const layer = { low: Float32Array.of(0), high: Float32Array.of(high), biasCorrection: Float32Array.of(0) }
    return await cacheKey({ ...model, readQuantization: async () => new Map([['one', layer]]) }, of)
  }
  const keys = [await keyWith(1, target), await keyWith(2, target), await cacheKey(model, target)]
  assert.equal(new Set([...keys, await cacheKey(model, { ...target, quantized: false })]).size, 4)
  assert.equal(await keyWith(1, FLOAT32), await cacheKey(model, FLOAT32))
})

test('a model that cannot be opened any more is the compiler\'s sentence', async (t) => {
  const config = temporaryConfig(t)
  const model = await openModel(config)
  await assert.rejects(compiledModel({ ...config, model: '/nowhere' }, model, FLOAT32), /MODEL=\/nowhere is neither/)
  await assert.rejects(compiledModel(config, { ...model, hashWeights: async () => 'others' }, FLOAT32), {
    name: 'OperatorError', message: 'MODEL=xception-cifar10 changed while it was compiled: start again'
  })
  assert.deepEqual(entries(config), [])
})

const withoutProc = process.platform === 'linux' ? false : 'child processes are found in /proc'

test('while it compiles the server answers, and a compiler that is killed leaves nothing behind', { skip: withoutProc }, async (t) => {
  const config = temporaryConfig(t)
  const env = { ...process.env, HOST: '127.0.0.1', PORT: '0', BACKEND: 'cpu', KERNELS: 'tensorflow', MODEL_CACHE_DIR: config.cacheDir }
  const server = childOf(t, spawn(process.execPath, [SERVER], { env, stdio: ['ignore', 'pipe', 'inherit'] }))
  const exit = once(server, 'close')
  let log = ''
  server.stdout.on('data', (chunk: Buffer) => { log += chunk.toString() })
  // Held still before it can be done: what the server answers then it answers while it compiles.
  const compiler = await compilerOf(server.pid ?? 0)
  process.kill(compiler, 'SIGSTOP')
  const url = /listening at (http:\S+?)"/.exec(log)?.[1] ?? ''
  assert.equal((await fetch(`${url}/livez`)).status, 200)
  const notReady = await (await fetch(`${url}/readyz`)).json() as { progress: string }
  assert.equal(notReady.progress, 'compiling the model')
  const [, , group] = readFileSync(`/proc/${compiler}/stat`, 'utf8').replace(/^.*\) /, '').split(' ')
  assert.equal(group, String(compiler), 'signals to the server\'s group do not reach it')
  process.kill(compiler, 'SIGKILL')
  assert.deepEqual(await exit, [1, null])
  assert.match(log, /"msg":"The process that compiles the model was ended by SIGKILL \(as when memory runs out\) before it was done: give/)
  assert.deepEqual(entries(config), [])
  await compileInProcess(t, config)
})

/** The process that runs the compiler; one that is stopped before it is that program would hold up whoever starts it. */
async function compilerOf (pid: number): Promise<number> {
  let compiler = 0
  await until('a process that compiles', () => {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').map(Number)
    compiler = children.find((child) => child > 0 && commandOf(child).includes('compile-process.js')) ?? 0
    return compiler !== 0
  })
  return compiler
}

function commandOf (pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
  } catch {
    // It ended in between.
    return ''
  }
}
