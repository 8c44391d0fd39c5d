import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type AddressInfo, type Socket } from 'node:net'
import { promisify } from 'node:util'
import { test, type TestContext } from 'node:test'
import fastify, { type FastifyInstance } from 'fastify'
import { closeConnectionsInOrder } from '../../src/plugins/close-connections.js'
import { EXTRA_PLACES, limitConnections } from '../../src/plugins/connection-places.js'
import { Metrics } from '../../src/telemetry/metrics.js'
import { until } from '../support/until.js'

const MAX = 2
const ask = (path: string): string => `GET ${path} HTTP/1.1\r\nhost: x\r\n\r\n`

interface Limited {
  readonly app: FastifyInstance
  /** A connection whose every place of clients is taken by one that has been answered and is kept alive. */
  readonly kept: readonly Socket[]
  open (text?: string): Promise<Socket>
  refused (): Promise<number>
}

/** Listens with two places, both of which are taken. `/slow` is never answered. */
async function limited (t: TestContext, path = '/'): Promise<Limited> {
  const app = fastify()
  const metrics = new Metrics()
  limitConnections(app, { max: MAX, metrics, connections: closeConnectionsInOrder(app.server) })
  app.get('/', async () => 'answered')
  app.get('/livez', { config: { openTo: 'probes' } }, async () => 'alive')
  app.get('/slow', async () => await new Promise(() => {}))
  await app.listen({ host: '127.0.0.1', port: 0 })
  const sockets: Socket[] = []
  t.after(async () => {
    for (const socket of sockets) socket.destroy()
    await app.close()
  })
  const open = async (text = ''): Promise<Socket> => {
    const connected = once(app.server, 'connection')
    const socket = connect((app.server.address() as AddressInfo).port, '127.0.0.1').on('error', () => {})
    sockets.push(socket)
    await connected
    socket.write(text)
    return socket
  }
  const kept: Socket[] = []
  for (let place = 0; place < MAX; place++) {
    kept.push(await open(ask(path)))
    if (path === '/') await once(kept[place] ?? assert.fail(), 'data')
    else await new Promise(setImmediate)
  }
  const refused = async (): Promise<number> => (await metrics.connectionsRefused.get()).values[0]?.value ?? 0
  return { app, kept, open, refused }
}

/** All that comes until the connection is closed. */
async function untilClosed (socket: Socket): Promise<string> {
  const chunks: Buffer[] = []
  socket.on('data', (chunk: Buffer) => { chunks.push(chunk) })
  await once(socket, 'close')
  return Buffer.concat(chunks).toString()
}

test('probes are answered although all places are taken, one connection each', async (t) => {
  const { open, kept, refused } = await limited(t)
  for (let probe = 0; probe < 2 * EXTRA_PLACES; probe++) {
    const reply = await untilClosed(await open(ask('/livez')))
    assert.match(reply, /^HTTP\/1\.1 200 [^]*connection: close[^]*alive$/i)
  }
  assert.ok(kept.every((socket) => !socket.closed))
  assert.equal(await refused(), 0)
})

test('probes are answered while others take the extra places, who are closed, first come first', async (t) => {
  const { open, refused } = await limited(t)
  const silent = []
  for (let others = 0; others < EXTRA_PLACES; others++) silent.push(await open())
  const first = untilClosed(silent[0] ?? assert.fail())
  assert.match(await untilClosed(await open(ask('/livez'))), /alive$/)
  assert.equal(await first, '')
  await Promise.all(silent.slice(1).map(untilClosed))
  assert.equal(await refused(), EXTRA_PLACES)
})

test('what asks for something else is closed without an answer while all are busy', async (t) => {
  const { open, refused } = await limited(t, '/slow')
  for (const path of ['/', '/nothing']) assert.equal(await untilClosed(await open(ask(path))), '')
  assert.equal(await refused(), 2)
})

test('it is answered where a place has become free since', async (t) => {
  const { app, open, kept } = await limited(t)
  const socket = await open()
  kept[0]?.destroy()
  const count = promisify(app.server.getConnections.bind(app.server))
  await until('a place for a connection', async () => await count() <= MAX)
  socket.write(ask('/'))
  await once(socket, 'data')
  socket.write(ask('/'))
  await once(socket, 'data')
})

test('it takes the place of a connection that has had nothing to ask for longest, and for a second', async (t) => {
  const { open, kept, refused } = await limited(t)
  const [first, second] = kept
  assert.ok(first !== undefined && second !== undefined)
  assert.equal(await untilClosed(await open(ask('/'))), '')
  await new Promise((resolve) => setTimeout(resolve, 1100))
  first.write(ask('/'))
  await once(first, 'data')
  const gone = untilClosed(second)
  const socket = await open(ask('/'))
  await once(socket, 'data')
  assert.equal(await gone, '')
  assert.deepEqual([first.closed, await refused()], [false, 1])
})
