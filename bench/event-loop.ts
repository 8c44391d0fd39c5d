import { readFileSync } from 'node:fs'
import { performance } from 'node:perf_hooks'
import { readMetrics } from '../verify/harness/metrics.js'
import { startServer } from '../verify/harness/server.js'
import { quantile } from '../src/base/statistics.js'

/*
 * Does the main thread stay free while inference saturates the machine? Clients keep the engine busy for a while;
 * meanwhile /livez is asked again and again, and at the end the server's own event-loop delay is read.
 */
const CLIENTS = 16
const DURATION_MS = 15_000
const PROBE_INTERVAL_MS = 20

const photo = new Uint8Array(readFileSync(new URL('../../docs/cat.jpg', import.meta.url)))
const server = await startServer({ LOG_LEVEL: 'info' })
const end = performance.now() + DURATION_MS
let images = 0

const clients = Array.from({ length: CLIENTS }, async () => {
  while (performance.now() < end) {
    const response = await fetch(`${server.url}/classify`, { method: 'POST', body: photo, headers: { 'content-type': 'image/jpeg' } })
    if (response.status !== 200) throw new Error(`/classify answered ${response.status}`)
    await response.arrayBuffer()
    images++
  }
})

const probes: number[] = []
while (performance.now() < end) {
  const asked = performance.now()
  await (await fetch(`${server.url}/livez`)).arrayBuffer()
  probes.push(performance.now() - asked)
  await new Promise((resolve) => setTimeout(resolve, PROBE_INTERVAL_MS))
}
await Promise.all(clients)
const metrics = await readMetrics(server.url)
await server.stop()

const metric = (name: string): number => metrics.get(name) ?? NaN
console.log([
  `images a second            ${(images / DURATION_MS * 1000).toFixed(0)} with ${CLIENTS} clients`,
  `images a batch, mean       ${(metric('xception_batch_size_sum') / metric('xception_batch_size_count')).toFixed(1)}`,
  `/livez p50, p99            ${quantile(probes, 0.5).toFixed(1)}, ${quantile(probes, 0.99).toFixed(1)} ms (client on the same machine)`,
  `event-loop delay p99       ${(metric('nodejs_eventloop_lag_p99_seconds') * 1000).toFixed(1)} ms`
].join('\n'))
