#!/usr/bin/env node
// Runs localhost/xception-serve:TARGET read-only and without rights, and checks what docs/container.md promises of it.
// Usage, as root: try.mjs cpu | gpu
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { start, withRootfs } from './rootfs.mjs'

const PHOTO = new URL('../../docs/cat.jpg', import.meta.url)
const LIBRARIES = 'app/node_modules/@tensorflow/tfjs-node/deps'
const PATIENCE_MS = 10_000
const ANY_PORT = { HOST: '127.0.0.1', PORT: '0' }

/** Such as OpenShift assigns: nothing in the image knows it, and its group is root's. */
const ANY_USER = '1000650000:0'

/** What TensorFlow opens by name when it meets a GPU. */
const CUDA_LIBRARIES = [
  'libcublas.so.12', 'libcublasLt.so.12', 'libcudart.so.12', 'libcudnn.so.9', 'libcufft.so.11', 'libcupti.so.12',
  'libcurand.so.10', 'libcusolver.so.11', 'libcusparse.so.12', 'libnccl.so.2', 'libnvJitLink.so.12', 'libnvrtc.so.12'
]

/** Comes with the driver, from outside the image. */
const DRIVER = 'libcuda.so.1'

const CHECKS = {
  async cpu (rootfs, config) {
    holdsNoTools(rootfs)
    await servesAndStops(rootfs, config)
    await servesAndStops(rootfs, { ...config, User: ANY_USER })
    await stopsWhileLoading(rootfs, config)
    await saysThatTheCacheIsReadOnly(rootfs, config)
  },

  async gpu (rootfs, config) {
    holdsNoTools(rootfs)
    findsCudaLibraries(rootfs)
    await refusesWithoutGpu(rootfs, config)
    await servesAndStops(rootfs, config, { BACKEND: 'cpu' })
  }
}

function holdsNoTools (rootfs) {
  const names = ['python3*', 'gcc*', 'g++*', 'cc', 'c++', 'clang*', 'ld', 'as', 'make', 'nvcc', 'ptxas']
  const found = find(rootfs, ['-path', '*/bin/*', '(', ...names.flatMap(name => ['-o', '-name', name]).slice(1), ')'])
  assert.deepEqual(found, [], 'tools of development in the image')
  assert.deepEqual(find(`${rootfs}/${LIBRARIES}`, ['-type', 'l']), [], 'links instead of libraries')
}

async function servesAndStops (rootfs, config, env = {}) {
  const container = start(rootfs, config, { ...ANY_PORT, ...env })
  const url = await container.waitFor(log => /"ready"/.test(log) && /listening at (http:[^"]+)/.exec(log)?.[1])
  const response = await fetch(`${url}/classify?topK=1`, {
    method: 'POST', body: readFileSync(PHOTO), headers: { 'content-type': 'image/jpeg' }
  })
  const { results } = /** @type {{ results: { predictions: { label: string }[] }[] }} */ (await response.json())
  assert.equal(results[0]?.predictions[0]?.label, 'cat')
  const page = await fetch(url, { headers: { accept: 'text/html' } })
  assert.match(await page.text(), /page\/main\.js/)
  assert.equal((await fetch(`${url}/page/main.js`)).status, 200)
  const [, ...check] = config.Healthcheck.Test
  assert.equal(await container.execute(['PORT=' + new URL(url).port, ...check]), 0, 'the health check of a ready server')
  assert.equal(await container.execute(['PORT=1', ...check]), 1, 'the health check where nobody listens')
  container.signal('SIGTERM')
  assert.equal(await container.exit, 0, `SIGTERM ends it with 0:\n${container.log()}`)
}

/** A program that handles no signal stands for the server whose modules still load. */
async function stopsWhileLoading (rootfs, config) {
  const loading = ['--eval', 'console.log("loading"); setInterval(() => {}, 1000)']
  const container = start(rootfs, { ...config, Entrypoint: [...config.Entrypoint.slice(0, -1), ...loading] }, {})
  await container.waitFor(log => log.includes('loading'))
  container.signal('SIGTERM')
  assert.equal(await Promise.race([container.exit, sleep(PATIENCE_MS, 'goes on')]), 0)
}

async function saysThatTheCacheIsReadOnly (rootfs, config) {
  const container = start(rootfs, config, { ...ANY_PORT, MODEL_CACHE_DIR: '/var/cache/other' })
  assert.equal(await container.exit, 1)
  const refusal = /^MODEL_CACHE_DIR=\/var\/cache\/other does not hold this model compiled, and cannot be written /
  assert.match(lastMessage(container.log()), refusal)
}

async function refusesWithoutGpu (rootfs, config) {
  const container = start(rootfs, config, ANY_PORT)
  assert.equal(await container.exit, 1)
  assert.match(lastMessage(container.log()), /^BACKEND=gpu, and TensorFlow finds no usable GPU: /)
}

/** The loader's own answer: TensorFlow's run path leads to each library, and each finds what it needs itself. */
function findsCudaLibraries (rootfs) {
  const files = find(`${rootfs}/${LIBRARIES}`, ['-name', '*.so*']).map(path => path.slice(rootfs.length))
  for (const name of CUDA_LIBRARIES) assert.ok(files.some(file => file.endsWith(`/${name}`)), `${name} is missing`)
  for (const file of files) {
    const listed = execFileSync('chroot', [rootfs, 'ldd', file], { encoding: 'utf8' })
    const missing = listed.split('\n').filter(line => line.includes('not found') && !line.includes(DRIVER))
    assert.deepEqual(missing, [], `${file} lacks a library`)
  }
}

function lastMessage (log) {
  return JSON.parse(log.trim().split('\n').at(-1)).msg
}

function find (folder, criteria) {
  return execFileSync('find', [folder, '-xdev', ...criteria], { encoding: 'utf8' }).split('\n').filter(Boolean)
}

const target = process.argv[2]
const before = Date.now()
await withRootfs(`localhost/xception-serve:${target}`, CHECKS[target])
console.log(`${target}: holds in ${((Date.now() - before) / 1000).toFixed(1)} s`)
