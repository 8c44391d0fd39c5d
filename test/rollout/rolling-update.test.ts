import assert from 'node:assert/strict'
import { Agent, request } from 'node:http'
import { test, type TestContext } from 'node:test'
import { CAT } from '../support/cat.js'
import { freePort } from '../support/free-port.js'
import { startServer } from '../support/server.js'
import { until } from '../support/until.js'
import { startHaproxy, withoutHaproxy } from './haproxy.js'

/*
 * A rolling update as a cluster or a deploy script does it: two processes behind a load balancer that retries nothing, one
 * replaced after the other by SIGTERM, under load from clients that keep their connections alive.
 */
const CLIENTS = 4
/** Each generation serves this much before the next one comes. */
const REQUESTS_BETWEEN = 50

interface Load {
  readonly succeeded: number
  readonly onKeptConnections: number
  readonly failures: readonly string[]
}

/** One request; resolves with its status, or with the error's code. */
function classify (port: number, agent: Agent): Promise<{ outcome: string, kept: boolean }> {
  return new Promise((resolve) => {
    const headers = { 'content-type': 'image/jpeg', 'content-length': CAT.length }
    const sent = request({ host: '127.0.0.1', port, agent, method: 'POST', path: '/classify', headers }, (response) => {
      response.resume()
      response.on('end', () => { resolve({ outcome: String(response.statusCode), kept: sent.reusedSocket }) })
      response.on('error', (error: NodeJS.ErrnoException) => { resolve({ outcome: error.code ?? error.message, kept: sent.reusedSocket }) })
    })
    sent.on('error', (error: NodeJS.ErrnoException) => { resolve({ outcome: error.code ?? error.message, kept: sent.reusedSocket }) })
    sent.end(CAT)
  })
}

/** Replaces two servers one after the other under load and tells how the requests fared. */
async function rollingUpdate (t: TestContext, env: Record<string, string>): Promise<Load> {
  const ports = [await freePort(), await freePort()]
  const settings = { TENSORFLOW_THREADS: '1', ...env }
  const start = async (port: number): ReturnType<typeof startServer> => await startServer(t, { PORT: String(port), ...settings })
  let running = await Promise.all(ports.map(start))
  const balancer = await startHaproxy(t, ports)
  await balancer.waitForServers(ports.length)

  const load = { succeeded: 0, onKeptConnections: 0, failures: [] as string[] }
  const ended = new AbortController()
  const agent = new Agent({ keepAlive: true, maxSockets: CLIENTS })
  const clients = Array.from({ length: CLIENTS }, async () => {
    while (!ended.signal.aborted) {
      const { outcome, kept } = await classify(balancer.port, agent)
      if (outcome === '200') load.succeeded++
      else load.failures.push(outcome)
      if (kept) load.onKeptConnections++
    }
  })
  const serve = async (requests: number): Promise<void> => {
    const enough = load.succeeded + requests
    await until(`${requests} more requests that succeed`, () => load.succeeded >= enough)
  }

  try {
    await serve(REQUESTS_BETWEEN)
    for (const [index, port] of ports.entries()) {
      assert.equal(await running[index]?.stop('SIGTERM'), 0)
      const replacement = await start(port)
      running = running.map((server, place) => place === index ? replacement : server)
      await balancer.waitForServers(ports.length)
      await serve(REQUESTS_BETWEEN)
    }
    return load
  } finally {
    ended.abort()
    await Promise.all(clients)
    agent.destroy()
  }
}

test('a rolling update behind a load balancer loses no request', { skip: withoutHaproxy }, async (t) => {
  const { succeeded, onKeptConnections, failures } = await rollingUpdate(t, { DRAIN_DELAY_MS: '2000' })
  assert.deepEqual(failures, [])
  assert.ok(onKeptConnections > succeeded / 2, 'the clients keep their connections alive')
})

test('the same update without draining loses some', { skip: withoutHaproxy }, async (t) => {
  const { failures } = await rollingUpdate(t, { DRAIN_DELAY_MS: '0' })
  assert.ok(failures.length > 0)
})
