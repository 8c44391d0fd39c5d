import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, suite, test, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { childOf } from '../support/child.js'

const SCRIPT = fileURLToPath(new URL('../../../scripts/container/healthcheck.mjs', import.meta.url))

/** Answers every request with this status, on 127.0.0.1. */
async function answering (status: number): Promise<Server> {
  const server = createServer((request, reply) => { reply.writeHead(request.url === '/readyz' ? status : 404).end() })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return server
}

async function check (t: TestContext, env: Record<string, string>): Promise<number | null> {
  const { HOST, ADMIN_HOST, ...rest } = process.env
  const child = childOf(t, spawn(process.execPath, [SCRIPT], { env: { ...rest, ...env }, stdio: 'ignore' }))
  const [code] = await once(child, 'close') as [number | null]
  return code
}

suite('the container\'s health check', { concurrency: true }, () => {
  const servers: Server[] = []
  let ready = ''
  let unready = ''
  before(async () => {
    servers.push(await answering(200), await answering(503))
    const [first, second] = servers.map((server) => String((server.address() as AddressInfo).port))
    ready = first ?? ''
    unready = second ?? ''
  })
  after(() => { for (const server of servers) server.close() })

  for (const [name, env, code] of [
    ['asks the one port there is, wherever it listens', () => ({ PORT: ready }), 0],
    ['fails where that is not ready', () => ({ PORT: unready }), 1],
    ['asks where HOST says', () => ({ PORT: ready, HOST: '127.0.0.1' }), 0],
    ['fails where nothing listens there', () => ({ PORT: ready, HOST: '[::1]' }), 1],
    ['asks ADMIN_PORT where it is set', () => ({ PORT: unready, ADMIN_PORT: ready }), 0],
    ['and there alone', () => ({ PORT: ready, ADMIN_PORT: unready, ADMIN_HOST: '0.0.0.0' }), 1]
  ] as const) {
    test(name, async (t) => { assert.equal(await check(t, env()), code) })
  }
})
