import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Server, type ServerResponse } from 'node:http'
import { connect, type AddressInfo, type Socket } from 'node:net'
import { suite, test } from 'node:test'
import { closeConnectionsInOrder } from '../../src/plugins/close-connections.js'
import { until } from '../support/until.js'

/** More than what is sent on its way to a client that does not read. */
const LONG_REPLY = Buffer.alloc(64 * 1024 * 1024, 'a')

async function listen (answer: (reply: ServerResponse) => void): Promise<Server> {
  const server = createServer((request, reply) => {
    request.resume()
    answer(reply)
  })
  closeConnectionsInOrder(server)
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return server
}

async function open (server: Server, text: string): Promise<Socket> {
  const connected = once(server, 'connection')
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
  await connected
  socket.write(text)
  return socket
}

async function lengthUntilClosed (socket: Socket): Promise<number> {
  let length = 0
  socket.on('data', (chunk: Buffer) => { length += chunk.length })
  socket.resume()
  await once(socket, 'close')
  return length
}

const GET = 'GET / HTTP/1.1\r\nhost: x\r\n\r\n'

suite('a server that is closed', () => {
  test('does not wait for connections without a request', async () => {
    const server = await listen((reply) => { reply.end('done') })
    const silent = await open(server, '')
    const answered = await open(server, GET)
    await once(answered, 'data')
    const closed = [silent, answered].map(lengthUntilClosed)
    await once(server.close(), 'close')
    assert.deepEqual(await Promise.all(closed), [0, 0])
  })

  test('answers a request whose head has begun to come, and waits for no more of one for ever', async () => {
    const server = await listen((reply) => { reply.end('done') })
    const sockets = await Promise.all(['GET / HTTP/1.1\r\n', 'GET / HTTP/1.1\r\n'].map((text) => open(server, text)))
    const [late, half] = sockets
    assert.ok(late !== undefined && half !== undefined)
    // A third connection's answer comes after what the others sent before it was read.
    await once(await open(server, GET), 'data')
    const closed = once(server.close(), 'close')
    const cut = lengthUntilClosed(half)
    late.write('host: x\r\n\r\n')
    assert.ok(await lengthUntilClosed(late) > 0)
    assert.equal(await cut, 0)
    await closed
  })

  test('sends a reply to its end before it closes the connection, however slowly it is read', async () => {
    const replies: ServerResponse[] = []
    const server = await listen((reply) => { replies.push(reply.end(LONG_REPLY)) })
    const client = await open(server, GET)
    client.pause()
    await until('a request', () => replies.length >= 1)
    assert.equal(replies[0]?.writableFinished, false)
    const closed = once(server.close(), 'close')
    assert.ok(await lengthUntilClosed(client) > LONG_REPLY.length)
    await closed
  })

  test('answers what it has begun, and a second request behind it, and then closes the connection', async () => {
    const waiting: ServerResponse[] = []
    const server = await listen((reply) => { waiting.push(reply) })
    const client = await open(server, GET + GET)
    await until('two requests', () => waiting.length >= 2)
    const closed = once(server.close(), 'close')
    for (const reply of waiting) reply.end('done')
    const [chunk] = await once(client, 'data') as [Buffer]
    assert.match(chunk.toString(), /done/)
    await closed
  })

  test('closes a connection that asks whether to go on when it was answered', async () => {
    const waiting: ServerResponse[] = []
    const server = await listen(() => assert.fail('not told to go on'))
    server.on('checkContinue', (_request, reply) => { waiting.push(reply) })
    const client = await open(server, 'POST / HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 3\r\n\r\n')
    await until('a request', () => waiting.length >= 1)
    const closed = once(server.close(), 'close')
    waiting[0]?.end('done')
    assert.ok(await lengthUntilClosed(client) > 0)
    await closed
  })
})
