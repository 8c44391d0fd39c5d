import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { suite, test } from 'node:test'
import { suiteApp } from '../support/app.js'

/* Clients that do not behave: they speak raw TCP. */

const limits = { REQUEST_TIMEOUT_MS: '400', MAX_IMAGE_BYTES: '100000', MAX_REQUEST_BYTES: '200000', KEEP_ALIVE_MS: '1000' }
const server = suiteApp({ ...limits })

async function open (): Promise<Socket> {
  const { hostname, port } = new URL(server.url)
  const socket = connect(Number(port), hostname)
  await once(socket, 'connect')
  return socket
}

/** All that the server sends until it closes the connection. */
async function untilClosed (socket: Socket): Promise<string> {
  const chunks: Buffer[] = []
  socket.on('data', (chunk: Buffer) => { chunks.push(chunk) })
  await once(socket, 'close')
  return Buffer.concat(chunks).toString()
}

function assertProblem (reply: string, status: number, code: string): void {
  assert.match(reply, new RegExp(`^HTTP/1\\.1 ${status} `))
  assert.match(reply, /content-type: application\/problem\+json/i)
  assert.match(reply, new RegExp(`"code":"${code}"`))
}

const head = (type: string, length: number): string =>
  `POST /classify HTTP/1.1\r\nhost: x\r\ncontent-type: ${type}\r\ncontent-length: ${length}\r\n\r\n`

suite('a body that trickles in meets the deadline', () => {
  for (const [name, type, start] of [
    ['raw', 'image/jpeg', 'abc'],
    ['JSON', 'application/json', '{"images":['],
    ['a form', 'multipart/form-data; boundary=x', '--x\r\ncontent-disposition: form-data; name="a"; filename="a"\r\n\r\nabc'],
    ['a form without its first part', 'multipart/form-data; boundary=x', '--x']
  ] as const) {
    test(name, async () => {
      const socket = await open()
      socket.write(head(type, 50_000) + start)
      assertProblem(await untilClosed(socket), 504, 'deadline_exceeded')
    })
  }
})

suite('a body that is too large is answered while it is still being sent, and the connection serves the next request', () => {
  const part = '--x\r\ncontent-disposition: form-data; name="a"; filename="a"\r\n\r\n'
  for (const [name, type, code, start] of [
    ['raw', 'image/jpeg', 'image_too_large', ''],
    ['JSON', 'application/json', 'request_too_large', '{"images":["'],
    ['a form of files that are small enough each', 'multipart/form-data; boundary=x', 'request_too_large',
      `${part}${'a'.repeat(90_000)}\r\n${part}${'a'.repeat(90_000)}\r\n${part}`]
  ] as const) {
    test(name, async () => {
      const socket = await open()
      const length = 1_000_000
      socket.write(head(type, length) + start + 'a'.repeat(300_000 - start.length))
      const [first] = await once(socket, 'data') as [Buffer]
      assertProblem(first.toString(), 413, code)
      socket.write('a'.repeat(length - 300_000))
      socket.write('GET /livez HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n')
      assert.match(await untilClosed(socket), /^HTTP\/1\.1 200 OK/)
    })
  }
})

suite('what is no HTTP request', () => {
  test('rubbish', async () => {
    const socket = await open()
    socket.write('rubbish\r\n\r\n')
    assertProblem(await untilClosed(socket), 400, 'malformed_request')
  })

  test('headers without end', async () => {
    const socket = await open()
    socket.write(`GET / HTTP/1.1\r\nhost: x\r\nlong: ${'a'.repeat(20_000)}`)
    assertProblem(await untilClosed(socket), 431, 'headers_too_large')
  })
})

test('a connection is kept for KEEP_ALIVE_MS with nothing to ask, and says so', async () => {
  const socket = await open()
  socket.write('GET /livez HTTP/1.1\r\nhost: x\r\n\r\n')
  assert.match(await untilClosed(socket), /^HTTP\/1\.1 200 [^]*\r\nkeep-alive: timeout=1\r\n/i)
})

test('the client\'s request id comes back where it is one that a log can hold', async () => {
  const idFor = async (id: string): Promise<string | null> => {
    const { headers } = await fetch(`${server.url}/livez`, { headers: { 'x-request-id': id } })
    return headers.get('x-request-id')
  }
  assert.equal(await idFor('order-17/3'), 'order-17/3')
  assert.match(await idFor('two words') ?? '', /^[\w-]{36}$/)
  assert.match(await idFor('a'.repeat(129)) ?? '', /^[\w-]{36}$/)
})
