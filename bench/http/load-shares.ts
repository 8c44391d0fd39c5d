import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { readMetrics } from '../../verify/harness/metrics.js'

const POLL_INTERVAL_MS = 20
/** The window of a load that is looked at, as shares of its duration: the pipeline is full, and clients still send. */
const [WINDOW_START, WINDOW_END] = [0.2, 0.85]

/** Running totals of our service. */
interface Totals {
  readonly atMs: number
  readonly batches: number
  readonly busySeconds: number
  readonly cpuSeconds: number
  readonly images: number
}

export interface WatchOptions {
  readonly url: string
  /** Duration of the load. */
  readonly seconds: number
  /** CPU time that decoding one of its photos takes. */
  readonly decodeCpuMs: number
}

/** Where the time of our service goes while it is loaded. */
export interface Shares {
  /** Share of the wall time in which the engine computed nothing. */
  readonly engineIdle: number
  /** Estimated share of the service's CPU time that decoding takes. */
  readonly decodeCpu: number
}

/**
 * Reads /metrics twice during a load, each time as a batch has just ended, since a run counts only when it is over.
 * Undefined if the load ends before that: it was too short for this network. Holds for one engine worker.
 */
export async function watchShares ({ url, seconds, decodeCpuMs }: WatchOptions): Promise<Shares | undefined> {
  const endsAt = performance.now() + seconds * 1000
  await sleep(seconds * 1000 * WINDOW_START)
  const before = await totalsAtBatchEnd(url, endsAt)
  await sleep(Math.max(0, endsAt - performance.now() - seconds * 1000 * (1 - WINDOW_END)))
  const after = await totalsAtBatchEnd(url, endsAt)
  if (before === undefined || after === undefined) return undefined
  return {
    engineIdle: 1 - (after.busySeconds - before.busySeconds) * 1000 / (after.atMs - before.atMs),
    decodeCpu: decodeCpuMs / 1000 * (after.images - before.images) / (after.cpuSeconds - before.cpuSeconds)
  }
}

async function totalsAtBatchEnd (url: string, endsAt: number): Promise<Totals | undefined> {
  const { batches } = await readTotals(url)
  while (performance.now() < endsAt) {
    await sleep(POLL_INTERVAL_MS)
    const totals = await readTotals(url)
    if (totals.batches > batches) return totals
  }
  return undefined
}

async function readTotals (url: string): Promise<Totals> {
  const series = await readMetrics(url)
  // A series with labels exists from its first value on.
  const value = (name: string): number => series.get(name) ?? 0
  return {
    atMs: performance.now(),
    batches: value('xception_inference_duration_seconds_count'),
    busySeconds: value('xception_inference_duration_seconds_sum'),
    cpuSeconds: value('process_cpu_seconds_total') + value('xception_engine_cpu_seconds_total'),
    images: value('xception_images_total{outcome="ok"}')
  }
}
