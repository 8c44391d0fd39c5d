import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import type { TestContext } from 'node:test'
import { readMetrics, type Series } from '../../verify/harness/metrics.js'
import { gained, outcomesOf, type Outcomes } from '../../verify/harness/outcomes.js'
import { startApp, type App, type Engine } from './app.js'
import { adminUrlOf, CAT_SERVER, startServer, type RunningServer } from './server.js'
import { until } from './until.js'

/** A service of the test's own, with its metrics on a port of their own. */
export async function countingApp (t: TestContext, env: Record<string, string> = {}, engine?: Engine): Promise<Counted> {
  const app = await startApp(t, { ADMIN_PORT: '0', ...env }, engine)
  return new Counted(app, adminUrlOf(app) ?? assert.fail(app.log.join('\n')))
}

/** The same in a process of its own. */
export async function countingServer (t: TestContext, env: Record<string, string> = {}): Promise<Counted<RunningServer>> {
  const server = await startServer(t, { ADMIN_PORT: '0', ...env }, CAT_SERVER)
  await until('a log that says where administration listens', () => adminUrlOf(server) !== undefined)
  return new Counted(server, adminUrlOf(server) ?? '')
}

/** Reading counts and asking for health are requests, too. */
const isAsked = (labels: string): boolean => !/route="\/(?:metrics|readyz)"/.test(labels)

/** A server and what it counts. */
export class Counted<S extends { readonly url: string } = App> {
  constructor (readonly server: S, readonly admin: string) {}

  read (): Promise<Series> {
    return readMetrics(this.admin)
  }

  /** Waits until the counts are so. */
  async until (condition: (value: (name: string) => number) => boolean): Promise<void> {
    let series: Series = new Map()
    await until(() => `${String(condition)}: ${JSON.stringify([...series])}`, async () => {
      series = await this.read()
      return condition((name) => series.get(name) ?? 0)
    })
  }

  /** Does something, and asserts what that adds to the outcomes of requests and of images, which is no less and no more. */
  async gains (act: () => Promise<unknown>, requests: Outcomes, images: Outcomes = {}): Promise<void> {
    const before = await this.totals()
    await act()
    const expected = { requests, images }
    let found
    // A client has its answer a moment before it is counted; one that is wrong stays so.
    for (let tries = 0; tries < 400; tries++) {
      const after = await this.totals()
      found = { requests: gained(before.requests, after.requests), images: gained(before.images, after.images) }
      if (after.inFlight === 0 && sum(found.requests) >= sum(requests) && sum(found.images) >= sum(images)) break
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
    assert.deepEqual(found, expected)
  }

  private async totals (): Promise<{ requests: Outcomes, images: Outcomes, inFlight: number }> {
    const series = await this.read()
    const inFlight = [...series].filter(([name]) => name.startsWith('xception_requests_in_flight{') && isAsked(name))
    return {
      requests: outcomesOf(series, 'xception_requests_total', isAsked),
      images: outcomesOf(series, 'xception_images_total'),
      inFlight: inFlight.reduce((total, [, value]) => total + value, 0)
    }
  }
}

const sum = (outcomes: Outcomes): number => Object.values(outcomes).reduce((total, count) => total + count, 0)

/** A connection to the server's main port. */
export async function open ({ url }: { readonly url: string }): Promise<Socket> {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  socket.on('error', () => {})
  await once(socket, 'connect')
  return socket
}

/** Writes bytes on a connection of their own, and gives all that comes back once it ends or holds so many problems or results. */
export async function exchange (server: { readonly url: string }, bytes: string | Buffer, answers = 1): Promise<string> {
  const socket = await open(server)
  socket.write(bytes)
  const pieces: Buffer[] = []
  for await (const piece of socket) {
    pieces.push(piece as Buffer)
    if ((Buffer.concat(pieces).toString().match(/\r\n\r\n\{.*?\}(?=HTTP|$)/gs) ?? []).length >= answers) break
  }
  socket.destroy()
  return Buffer.concat(pieces).toString()
}
