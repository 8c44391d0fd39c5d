import { Random } from '../../src/base/random.js'
import { quantile } from '../../src/base/statistics.js'

/** One replica as the service is built: a few decoders, then a queue, then one engine that takes batches. */
export interface Replica {
  /** Pictures that are decoded at once. */
  readonly decoders: number
  readonly decodeMs: number
  /** Time of one run of the network by the number of its images; index 0 is one image. */
  readonly inferenceMs: readonly number[]
  /** What every request costs besides, on the way in and out. */
  readonly overheadMs: number
}

export interface Policy {
  readonly maxBatchSize: number
  readonly batchDelayMs: number
}

export interface Load {
  /** Images a second over all replicas, one image a request, at random moments (Poisson). */
  readonly arrivalRate: number
  readonly replicas: number
  /** Requests to simulate; the first tenth is left out of the result. */
  readonly requests: number
  readonly seed: number
}

export interface Outcome {
  readonly meanMs: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly meanBatchSize: number
  /** Share of time that an engine runs. At 1 the queue grows without end, and the latencies only say how long it was simulated. */
  readonly engineBusy: number
}

/**
 * Latency of requests that are spread over the replicas by chance, as a Kubernetes Service does: each replica then sees a
 * Poisson stream of its own, so one is simulated and stands for all.
 */
export function simulate (replica: Replica, policy: Policy, load: Load): Outcome {
  const arrivals = poissonArrivals(load.arrivalRate / load.replicas / 1000, load.requests, load.seed)
  const decoded = decodeAll(arrivals, replica)
  const { finished, batches, busyMs } = runBatches(decoded, replica.inferenceMs, policy)
  const latencies = arrivals.map((arrival, index) => (finished[index] ?? NaN) - arrival + replica.overheadMs).slice(load.requests / 10)
  return {
    meanMs: latencies.reduce((sum, latency) => sum + latency, 0) / latencies.length,
    p50Ms: quantile(latencies, 0.5),
    p99Ms: quantile(latencies, 0.99),
    meanBatchSize: load.requests / batches,
    engineBusy: busyMs / (finished.at(-1) ?? NaN)
  }
}

/** Moments in milliseconds; the same seed gives the same ones. */
export function poissonArrivals (perMs: number, count: number, seed: number): number[] {
  const random = new Random(seed)
  let now = 0
  return Array.from({ length: count }, () => {
    now -= Math.log(1 - random.uniform()) / perMs
    return now
  })
}

/** When each picture is decoded: first come, first served. */
function decodeAll (arrivals: readonly number[], { decoders, decodeMs }: Replica): number[] {
  const decoded: number[] = []
  arrivals.forEach((arrival, index) => {
    const slotFree = decoded[index - decoders] ?? 0
    decoded.push(Math.max(arrival, slotFree) + decodeMs)
  })
  return decoded
}

/** The batcher's rule: a free engine takes what waits, at most a batch, and waits for company no longer than the delay. */
function runBatches (
  ready: readonly number[], inferenceMs: readonly number[], { maxBatchSize, batchDelayMs }: Policy
): { finished: number[], batches: number, busyMs: number } {
  const finished: number[] = []
  let engineFree = 0
  let batches = 0
  let busyMs = 0
  while (finished.length < ready.length) {
    const first = finished.length
    const oldest = ready[first] ?? NaN
    const full = ready[first + maxBatchSize - 1] ?? Infinity
    const start = Math.max(engineFree, oldest, Math.min(full, oldest + batchDelayMs))
    let size = 1
    while (size < maxBatchSize && (ready[first + size] ?? Infinity) <= start) size++
    const duration = inferenceMs[size - 1]
    if (duration === undefined) throw new RangeError(`no service time is known for a batch of ${size}`)
    engineFree = start + duration
    busyMs += duration
    batches++
    for (let image = 0; image < size; image++) finished.push(engineFree)
  }
  return { finished, batches, busyMs }
}
