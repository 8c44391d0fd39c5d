import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { connect } from 'node:net'
import { test } from 'node:test'
import { OperatorError } from '../../src/base/errors.js'
import { openApp, startApp } from '../support/app.js'
import { CAT } from '../support/cat.js'
import { grpcAddress } from '../support/grpc.js'
import { untilMetric } from '../support/series.js'
import { adminUrlOf, CAT_SERVER, childrenOf, NPM_START, startServer } from '../support/server.js'

const classify = (url: string): Promise<Response> =>
  fetch(`${url}/classify`, { method: 'POST', body: CAT, headers: { 'content-type': 'image/jpeg' } })

test('SIGTERM under load leaves nothing that was accepted unanswered', async (t) => {
  const server = await startServer(t, { BATCH_DELAY_MS: '2000', MAX_BATCH_SIZE: '64' }, CAT_SERVER)
  const replies = Array.from({ length: 40 }, () => classify(server.url))
  // Accepted is what the server says it holds; a connection that it has not read yet may be closed.
  await untilMetric(server, 'xception_queue_length', 40)
  const exit = server.stop('SIGTERM')
  assert.deepEqual(new Set((await Promise.all(replies)).map((reply) => reply.status)), new Set([200]))
  assert.equal(await exit, 0)
})

test('connections that never ask anything do not hold up the end, on any port', async (t) => {
  const server = await startServer(t, { ADMIN_PORT: '0', GRPC_PORT: '0' }, CAT_SERVER)
  const urls = [server.url, adminUrlOf(server) ?? '', `http://${grpcAddress(server)}`].map((url) => new URL(url))
  const sockets = await Promise.all(urls.map(async ({ hostname, port }) => {
    const socket = connect(Number(port), hostname)
    await once(socket, 'connect')
    return socket
  }))
  const closed = sockets.map(async (socket) => { await once(socket.resume(), 'close') })
  assert.equal(await server.stop(), 0)
  await Promise.all(closed)
})

test('HOST=localhost is one address: limits and the end cover all connections', async (t) => {
  const server = await startServer(t, { HOST: 'localhost' }, CAT_SERVER)
  assert.equal(server.log.filter((line) => line.includes('listening at')).length, 1, server.log.join('\n'))
  assert.equal((await classify(server.url)).status, 200)
  assert.equal(await server.stop(), 0)
})

test('Ctrl-C waits for no load balancer, and a signal that arrives twice within a second counts once', async (t) => {
  // The delay outlasts the test's own time limit, so that waiting for it would fail.
  const server = await startServer(t, { DRAIN_DELAY_MS: '3600000' }, CAT_SERVER)
  process.kill(server.pid, 'SIGINT')
  assert.equal(await server.stop('SIGINT'), 0)
})

test('npm start: SIGTERM to npm and Ctrl-C in a terminal both end it in order', async (t) => {
  for (const end of ['SIGTERM', 'Ctrl-C'] as const) {
    const server = await startServer(t, {}, NPM_START)
    const reply = classify(server.url)
    assert.equal((await reply).status, 200)
    if (end === 'SIGTERM') process.kill(server.pid, 'SIGTERM')
    else server.interrupt()
    await server.exit
    assert.equal(server.log.filter((line) => line.includes('"closing"')).length, 1, `${end} is taken once`)
    assert.equal(server.log.filter((line) => line.includes('"closed"')).length, 1, `${end} ends it in order`)
  }
})

test('a full queue answers 503 with Retry-After, a passed deadline 504', async (t) => {
  const limits = { QUEUE_SIZE: '2', MAX_BATCH_SIZE: '2' }
  const server = await startApp(t, { ...limits, BATCH_DELAY_MS: '60000', REQUEST_TIMEOUT_MS: '1000' })
  // One waits for company until its time is up, one for a body of which no more comes.
  const waiting = classify(server.url)
  const body = new ReadableStream({ start: (controller) => { controller.enqueue(CAT.subarray(0, 100)) } })
  const stalled = fetch(`${server.url}/classify`, { method: 'POST', body, duplex: 'half' })
  await untilMetric(server, 'xception_queue_length', 2)
  const full = await classify(server.url)
  assert.equal(full.status, 503)
  assert.equal(full.headers.get('retry-after'), '1')
  assert.equal((await full.json() as { code: string }).code, 'queue_full')
  for (const late of await Promise.all([waiting, stalled])) {
    assert.equal(late.status, 504)
    assert.equal((await late.json() as { code: string }).code, 'deadline_exceeded')
  }
})

test('TENSORFLOW_THREADS is the number of threads that the engine computes with', {
  skip: process.platform === 'linux' ? false : 'threads are counted in /proc'
}, async (t) => {
  // The compute threads carry no name of their own, so the engine's threads are counted and compared.
  let pools = 1
  const threadsOf = async (threads: number): Promise<number> => {
    const server = await startServer(t, { TENSORFLOW_THREADS: String(threads) })
    assert.equal((await classify(server.url)).status, 200)
    const [engine = 0] = await childrenOf(server.pid)
    const count = readdirSync(`/proc/${engine}/task`).length
    // Kernels of its own have as many threads again; they and TensorFlow's wait for each other.
    if (!server.log.some((line) => line.includes('"kernels":"tensorflow"'))) pools = 2
    await server.stop()
    return count
  }
  const more = await threadsOf(5) - await threadsOf(1)
  assert.equal(more, 4 * pools)
})

/** What ends a start with its sentence alone. */
const isOperators = (sentence: RegExp) => (error: Error): boolean => error instanceof OperatorError && sentence.test(error.message)

test('a wrong setting and an unknown model end the start with one sentence', async (t) => {
  await assert.rejects(startServer(t, { PORT: 'http' }), /PORT=http is not allowed: it takes a whole number from 0 to 65535\./)
  await assert.rejects(startServer(t, { MODEL: 'nothing' }), ({ message }: Error) => {
    assert.match(message, /"msg":"MODEL=nothing is neither a bundled model nor the path of a model/)
    assert.ok(!message.includes('"stack"'), 'the operator can mend it')
    return true
  })
  await assert.rejects(openApp(t, { BACKEND: 'gpu' }), isOperators(/BACKEND=gpu/))
})

test('a model that is not in the cache, and a cache that takes none, end the start with one sentence', async (t) => {
  await assert.rejects(
    openApp(t, { KERNELS: 'tensorflow', MODEL_CACHE_DIR: '/dev/null/cache' }),
    isOperators(/MODEL_CACHE_DIR=\/dev\/null\/cache does not hold this model compiled, and cannot be written \(ENOTDIR\): mount/)
  )
})
