import { readFileSync } from 'node:fs'
import { performance } from 'node:perf_hooks'
import type { ClassifyReply, Timings } from '../../src/contract/images.js'
import { readConfig } from '../../src/config.js'
import { readMetrics } from '../harness/metrics.js'
import { startServer, type RunningServer } from '../harness/server.js'
import { median, quantile } from '../../src/base/statistics.js'
import { poissonArrivals, type Replica } from './simulate.js'

const PHOTO = new Uint8Array(readFileSync(new URL('../../../docs/cat.jpg', import.meta.url)))
/** Runs of each batch size; the median counts. */
const CALIBRATION_RUNS = 30
/** As many as the service decodes at once. */
const DECODERS = readConfig(process.env).decodeConcurrency

export interface Measured {
  readonly p50Ms: number
  readonly p99Ms: number
  readonly meanBatchSize: number
  readonly engineBusy: number
}

/** The service's own times, one request after the other: of the stages, and of a run of each batch size. */
export async function calibrate (env: Record<string, string>, maxBatchSize: number): Promise<Replica> {
  // Long enough for all images of a request to meet in one batch.
  const server = await startServer({ ...env, MAX_BATCH_SIZE: String(maxBatchSize), BATCH_DELAY_MS: '100' })
  try {
    const inferenceMs: number[] = []
    for (let size = 1; size <= maxBatchSize; size++) {
      const timings = await repeat(CALIBRATION_RUNS, async () => (await classify(server, size)).timings)
      const whole = timings.filter(({ batchSize }) => batchSize === size)
      inferenceMs.push(median(whole.map((timing) => timing.inferenceMs)))
    }
    return { decoders: DECODERS, inferenceMs, ...await outsideTheEngine(env) }
  } finally {
    await server.stop()
  }
}

async function outsideTheEngine (env: Record<string, string>): Promise<Pick<Replica, 'decodeMs' | 'overheadMs'>> {
  const server = await startServer(env)
  try {
    const all = await repeat(CALIBRATION_RUNS, async () => await classify(server, 1))
    return {
      decodeMs: median(all.map(({ timings }) => timings.decodeMs)),
      overheadMs: median(all.map(({ totalMs, timings }) => totalMs - timings.decodeMs - timings.queueMs - timings.inferenceMs))
    }
  } finally {
    await server.stop()
  }
}

/** Sends requests at random moments, whether earlier ones are answered or not, and reads how they fared. */
export async function measure (env: Record<string, string>, arrivalRate: number, durationMs: number): Promise<Measured> {
  const server = await startServer(env)
  try {
    await repeat(CALIBRATION_RUNS, async () => await classify(server, 1))
    const before = await engineTotals(server)
    const startedAt = performance.now()
    const arrivals = poissonArrivals(arrivalRate / 1000, Math.round(arrivalRate * durationMs / 1000), 1)
    const latencies = await Promise.all(arrivals.map(async (moment) => {
      await new Promise((resolve) => setTimeout(resolve, moment - (performance.now() - startedAt)))
      // From the moment it was due: a client that is late must not hide that the service is.
      await classify(server, 1)
      return performance.now() - startedAt - moment
    }))
    const elapsedMs = performance.now() - startedAt
    const after = await engineTotals(server)
    return {
      p50Ms: quantile(latencies, 0.5),
      p99Ms: quantile(latencies, 0.99),
      meanBatchSize: latencies.length / (after.batches - before.batches),
      engineBusy: (after.busySeconds - before.busySeconds) * 1000 / elapsedMs
    }
  } finally {
    await server.stop()
  }
}

async function classify (server: RunningServer, images: number): Promise<{ timings: Timings, totalMs: number }> {
  const startedAt = performance.now()
  const body = images === 1 ? PHOTO : form(images)
  const headers = images === 1 ? { 'content-type': 'image/jpeg' } : undefined
  const response = await fetch(`${server.url}/classify`, { method: 'POST', body, ...(headers === undefined ? {} : { headers }) })
  if (response.status !== 200) {
    throw new Error(`/classify answered ${response.status}: the machine is too busy with other work to measure on`)
  }
  const { timings } = await response.json() as ClassifyReply
  return { timings, totalMs: performance.now() - startedAt }
}

function form (images: number): FormData {
  const data = new FormData()
  for (let image = 0; image < images; image++) data.append('image', new Blob([PHOTO]))
  return data
}

async function engineTotals (server: RunningServer): Promise<{ batches: number, busySeconds: number }> {
  const series = await readMetrics(server.url)
  const value = (name: string): number => series.get(`xception_inference_duration_seconds_${name}`) ?? NaN
  return { batches: value('count'), busySeconds: value('sum') }
}

async function repeat<T> (times: number, run: () => Promise<T>): Promise<T[]> {
  const results: T[] = []
  for (let index = 0; index < times; index++) results.push(await run())
  return results
}
