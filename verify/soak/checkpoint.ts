import { setTimeout as sleep } from 'node:timers/promises'
import { readMetrics, type Series } from '../harness/metrics.js'
import { gained, outcomesOf, type Outcomes } from '../harness/outcomes.js'
import { differences, imageDifferences, type Ledger } from './ledger.js'
import { childrenOf, holdingsOf, type Holdings } from './processes.js'

const POLL_INTERVAL_MS = 50
/** For what was begun to end, and for what failed to be brought up again. */
const MOST_WAIT_MS = 60_000
/** All of them are 0 once nothing is done. */
const IDLE = [
  'xception_requests_in_flight', 'xception_images_in_flight', 'xception_bytes_in_flight', 'xception_queue_length', 'xception_decodes',
  'xception_running_batch_age_seconds', 'xception_connections{listener="main"}', 'xception_workers{state="starting"}'
]

/** What reading the counts, and waiting for the server's start, adds. */
const isTraffic = (labels: string): boolean => !labels.includes('route="/metrics"')

export interface Checkpoint extends Holdings {
  readonly minutes: number
  readonly requests: number
}

export function requestsOf (series: Series): Outcomes {
  return outcomesOf(series, 'xception_requests_total', isTraffic)
}

/** Waits until the server does nothing any more, compares what it counted with what clients saw, and reads what it holds. */
export async function check (
  { pid, admin }: { readonly pid: number, readonly admin: string }, before: Outcomes, ledger: Ledger, minutes: number
): Promise<Checkpoint> {
  const busy = await untilIdle(pid, admin)
  for (const name of busy) ledger.violated(`after ${MOST_WAIT_MS / 1000} s without traffic: ${name}`)
  const series = await readMetrics(admin)
  const counted = gained(before, requestsOf(series))
  const wrong = [...differences(counted, ledger), ...imageDifferences(outcomesOf(series, 'xception_images_total'), ledger)]
  for (const difference of wrong) ledger.violated(difference)
  const requests = Object.values(counted).reduce((sum, count) => sum + count, 0)
  return { minutes, requests, ...holdingsOf(pid) }
}

async function untilIdle (pid: number, admin: string): Promise<string[]> {
  for (let left = MOST_WAIT_MS; ; left -= POLL_INTERVAL_MS) {
    const busy = busyOf(pid, await readMetrics(admin))
    if (busy.length === 0 || left <= 0) return busy
    await sleep(POLL_INTERVAL_MS)
  }
}

/** What shows that something is still done, in words. */
function busyOf (pid: number, series: Series): string[] {
  const busy = [...series].filter(([name, value]) => value !== 0 && isTraffic(name) && IDLE.some((idle) => name.startsWith(idle)))
  const workers = series.get('xception_workers{state="ready"}') ?? 0
  const { length } = childrenOf(pid)
  const words = busy.map(([name, value]) => `${name} is ${value}`)
  // A reload has processes that the metrics do not know yet.
  return length === workers ? words : [...words, `${length} processes for ${workers} workers`]
}
