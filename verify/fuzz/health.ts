import { readdir } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { readMetrics } from '../harness/metrics.js'
import { memoryOf } from '../harness/process-memory.js'

/** What the service's process holds when nothing is asked of it. */
export interface Health {
  /** MB of 10^6 bytes. */
  readonly resident: number
  /** Open files and connections. */
  readonly handles: number
  readonly workerRestarts: number
}

/** Memory that comes and goes, as the collector and the allocator like. */
const GROWTH_MB = 150
/** Handles of connections that are about to close, and of what opened once. */
const MORE_HANDLES = 10
const POLL_INTERVAL_MS = 50
const PATIENCE_MS = 30_000

/** Waits until the service holds no request. Throws an Error if one stays. Linux only. */
export async function healthWhenIdle (url: string, pid: number): Promise<Health> {
  const end = Date.now() + PATIENCE_MS
  for (;;) {
    const metrics = await readMetrics(url)
    const held = ['xception_bytes_in_flight', 'xception_queue_length'].filter((name) => metrics.get(name) !== 0)
    if (held.length === 0) {
      const { resident } = await memoryOf(pid)
      const handles = await readdir(`/proc/${pid}/fd`)
      return { resident, handles: handles.length, workerRestarts: metrics.get('xception_worker_restarts_total') ?? NaN }
    }
    if (Date.now() > end) throw new Error(`${held.join(' and ')} did not come back to 0`)
    await sleep(POLL_INTERVAL_MS)
  }
}

/** What is wrong with the difference, in a sentence each. */
export function judgeHealth (before: Health, after: Health): readonly string[] {
  const { resident, handles, workerRestarts } = after
  const sizes = `${before.resident.toFixed(0)} to ${resident.toFixed(0)} MB`
  return [
    ...resident > before.resident + GROWTH_MB ? [`the resident set grew from ${sizes}`] : [],
    ...handles > before.handles + MORE_HANDLES ? [`open handles grew from ${before.handles} to ${handles}`] : [],
    ...workerRestarts === 0 ? [] : [`${workerRestarts} workers had to be replaced`]
  ]
}
