import { once } from 'node:events'
import { performance } from 'node:perf_hooks'
import autocannon from 'autocannon'
import { classifyPhoto } from './classify-photo.js'
import { startProbe } from '../../verify/harness/probe.js'
import { quantile } from '../../src/base/statistics.js'

const PROBE_INTERVAL_MS = 100
/** The slowest peer takes seconds an image where many wait. */
const TIMEOUT_S = 120
/** Answers of one batch arrive within this time. */
const BURST_MS = 20
/** Enough for full batches. */
const WARM_UP_REQUESTS = 16

/** Milliseconds but for the rate. */
export interface Load {
  readonly imagesPerSecond: number
  readonly p50: number
  readonly p95: number
  readonly p99: number
  /** 99th percentile of GET /livez meanwhile. */
  readonly livezP99: number
}

export interface LoadOptions {
  readonly url: string
  readonly photos: readonly Buffer[]
  readonly connections: number
  readonly seconds: number
}

/**
 * Keeps `connections` requests in flight for a while, and asks /livez on a fixed beat, whether or not the last answer
 * has come. The rate counts what follows the first answer and those of its batch, so that filling the pipeline is left out.
 * Before, the server warms up, since it may have waited for minutes; afterwards it finishes what it began, since peers
 * compute for clients that are gone, at the expense of who is measured next. Throws an Error if an answer is not 200.
 */
export async function measureLoad (options: LoadOptions): Promise<Load> {
  const { url, photos } = options
  await classifyPhotos(url, photos, WARM_UP_REQUESTS)
  const load = await measureWarm(options)
  await classifyPhotos(url, photos, 1)
  return load
}

async function measureWarm ({ url, photos, connections, seconds }: LoadOptions): Promise<Load> {
  const latencies: number[] = []
  const answeredAt: number[] = []
  const probe = startProbe(`${url}/livez`, PROBE_INTERVAL_MS)
  const run = autocannon({
    url: `${url}/classify`,
    connections,
    duration: seconds,
    timeout: TIMEOUT_S,
    requests: photos.map((body) => ({ method: 'POST' as const, headers: { 'content-type': 'image/jpeg' }, body }))
  }, () => {})
  run.on('response', (_client, _status, _bytes, milliseconds) => {
    latencies.push(milliseconds)
    answeredAt.push(performance.now())
  })
  const [result] = await once(run, 'done') as [autocannon.Result]
  const probes = await probe.stop()
  if (result.errors > 0 || result.non2xx > 0) {
    throw new Error(`${url}: ${result.errors} errors and ${result.non2xx} answers that are not 200`)
  }
  return {
    imagesPerSecond: rateOf(answeredAt),
    p50: quantile(latencies, 0.5),
    p95: quantile(latencies, 0.95),
    p99: quantile(latencies, 0.99),
    livezP99: quantile(probes, 0.99)
  }
}

async function classifyPhotos (url: string, photos: readonly Buffer[], count: number): Promise<void> {
  await Promise.all(Array.from({ length: count }, (_, index) => classifyPhoto(url, photos[index % photos.length] ?? Buffer.of())))
}

function rateOf (answeredAt: readonly number[]): number {
  const burstEnd = (answeredAt[0] ?? NaN) + BURST_MS
  const first = answeredAt.filter((time) => time <= burstEnd)
  return (answeredAt.length - first.length) / ((answeredAt.at(-1) ?? NaN) - (first.at(-1) ?? NaN)) * 1000
}
