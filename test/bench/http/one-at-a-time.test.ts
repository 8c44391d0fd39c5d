import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { test, type TestContext } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { SingleConnection } from '../../../bench/http/one-at-a-time.js'

const POSTED = { method: 'POST', url: '/classify', type: 'image/jpeg', bytes: 300_000 }
const PROBED = { method: 'GET', url: '/livez', type: 'none', bytes: 0 }

async function connectedTo (context: TestContext, listener: RequestListener): Promise<SingleConnection> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  context.after(() => { server.close() })
  await once(server, 'listening')
  const client = await SingleConnection.open(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  context.after(() => { client.close() })
  return client
}

test('sends one request after the other on one connection, and waits for all of an answer', async (context) => {
  const ports = new Set<number | undefined>()
  const client = await connectedTo(context, async (request, response) => {
    ports.add(request.socket.remotePort)
    const { method, url, headers } = request
    const body = JSON.stringify({ method, url, type: headers['content-type'] ?? 'none', bytes: (await buffer(request)).length })
    response.setHeader('content-length', body.length)
    response.write(body.slice(0, 5))
    await wait(20)
    response.end(body.slice(5))
  })
  assert.deepEqual((await client.classify(Buffer.alloc(300_000, 1))).body, POSTED)
  assert.deepEqual((await client.probe()).body, PROBED)
  assert.equal(ports.size, 1)
})

test('fails where the answer is not 200, and where the connection ends before it', async (context) => {
  const answers: RequestListener[] = [
    (_request, response) => { response.writeHead(503, { 'content-length': 4 }).end('busy') },
    (request) => { request.socket.destroy() }
  ]
  const client = await connectedTo(context, (request, response) => { answers.shift()?.(request, response) })
  await assert.rejects(client.probe(), /503: busy/)
  await assert.rejects(client.probe(), /the connection ended/)
})
