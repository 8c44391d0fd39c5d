import { performance } from 'node:perf_hooks'
import { Connection, type Reply } from './connection.js'
import type { FloodCounts, FloodOptions } from './flood.js'

/* A process of its own that sends requests at a rate, whatever becomes of them: see `Flood`. */

const TICK_MS = 5

process.once('message', (options: FloodOptions) => { flood(options) })
process.once('disconnect', () => { process.exit(0) })

function flood ({ url, body, contentType, headers, rate, connections, retryAtOnce }: FloodOptions): void {
  const { hostname, port } = new URL(url)
  const pool = Array.from({ length: connections }, () => new Connection(hostname, Number(port)))
  const photo = Buffer.from(body, 'base64')
  const fields = [`host: ${hostname}`, `content-type: ${contentType}`, `content-length: ${photo.length}`, ...headers]
  const request = Buffer.concat([Buffer.from(`POST /classify HTTP/1.1\r\n${fields.join('\r\n')}\r\n\r\n`), photo])
  const counts = { sent: 0, unsent: 0, broken: 0, byStatus: {} as Record<number, number>, retryAfter: {} as Record<number, number> }
  const latencies: number[] = []

  const send = (connection: Connection): void => {
    const sentAt = performance.now()
    counts.sent++
    connection.send(request, (reply) => {
      count(reply, sentAt)
      if (retryAtOnce) setImmediate(send, connection)
    })
  }
  const count = (reply: Reply | Error, sentAt: number): void => {
    if (reply instanceof Error) {
      counts.broken++
      return
    }
    const { status, retryAfter } = reply
    counts.byStatus[status] = (counts.byStatus[status] ?? 0) + 1
    if (status === 200) latencies.push(performance.now() - sentAt)
    if (retryAfter !== undefined) counts.retryAfter[retryAfter] = (counts.retryAfter[retryAfter] ?? 0) + 1
  }

  if (retryAtOnce) pool.forEach(send)
  else sendAtRate(pool, rate, send, () => { counts.unsent++ })

  process.on('message', () => {
    const { user, system } = process.cpuUsage()
    const all: FloodCounts = { ...counts, latencies: latencies.splice(0), cpuSeconds: (user + system) / 1e6 }
    process.send?.(all)
  })
}

/** What comes due while every connection waits for an answer is not sent. */
function sendAtRate (pool: readonly Connection[], rate: number, send: (connection: Connection) => void, onUnsent: () => void): void {
  const startedAt = performance.now()
  let due = 0
  let next = 0
  setInterval(() => {
    for (const now = (performance.now() - startedAt) / 1000 * rate; due < now; due++) {
      let tried = 0
      while (tried < pool.length && pool[next]?.busy === true) {
        next = (next + 1) % pool.length
        tried++
      }
      const connection = pool[next]
      if (tried === pool.length || connection === undefined) onUnsent()
      else send(connection)
    }
  }, TICK_MS)
}
