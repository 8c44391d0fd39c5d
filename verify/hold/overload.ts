import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { usableCpus } from '../../src/base/cpus.js'
import { quantile } from '../../src/base/statistics.js'
import { memoryOf } from '../harness/process-memory.js'
import { startProbe } from '../harness/probe.js'
import type { RunningServer } from '../harness/server.js'
import type { Table } from '../table.js'
import { Flood, type FloodCounts } from './flood.js'

/** Times the capacity that is offered. */
const FACTORS = [3, 10, 30, 100]
/** Where the engine never waits, and nobody is refused. */
const SATURATING_CONNECTIONS = 16
/** Enough for a full queue, and for those who are refused meanwhile. */
const FLOODING_CONNECTIONS = 768
/** In which the queue fills up. */
const RAMP_MS = 4000
const PROBE_INTERVAL_MS = 50

export interface OverloadOptions {
  readonly photo: Buffer
  /** Seconds at each load. */
  readonly seconds: number
}

/** The service under one load. */
export interface OverloadFigure {
  /** Requests that were sent, as a multiple of the capacity. */
  readonly offered: number
  readonly answeredPerSecond: number
  /** Answers for each second of CPU time that the clients left, as a share of that at the peak. */
  readonly ofPeak: number
  readonly refusedPerSecond: number
  /** Requests whose answer is neither 200 nor 503, or that got none. */
  readonly otherwise: number
  /** Seconds, smallest and largest. */
  readonly retryAfter: readonly [number, number] | undefined
  readonly livezP99: number
  readonly livezMax: number
  /** Share of all cores that the clients took. */
  readonly clientsCpu: number
  /** Resident memory, in MB of 10^6 bytes. */
  readonly residentMB: number
}

/** Loads a server with more and more than it can do; the peak is measured before and after. */
export async function measureOverload (server: RunningServer, options: OverloadOptions): Promise<readonly OverloadFigure[]> {
  const saturate = async (): Promise<Sample> => {
    return await measure(server, options, { rate: 0, connections: SATURATING_CONNECTIONS, retryAtOnce: true })
  }
  const before = await saturate()
  const samples: Sample[] = []
  for (const factor of FACTORS) {
    const rate = factor * before.answeredPerSecond
    samples.push(await measure(server, options, { rate, connections: FLOODING_CONNECTIONS, retryAtOnce: false }))
    await drained(server)
  }
  const after = await saturate()
  const peak = (before.perFreeCpuSecond + after.perFreeCpuSecond) / 2
  const capacity = (before.answeredPerSecond + after.answeredPerSecond) / 2
  return [before, ...samples, after].map(({ sentPerSecond, perFreeCpuSecond, ...figure }) => (
    { ...figure, offered: sentPerSecond / capacity, ofPeak: perFreeCpuSecond / peak }
  ))
}

type Sample = Omit<OverloadFigure, 'offered' | 'ofPeak'> & { readonly sentPerSecond: number, readonly perFreeCpuSecond: number }

async function measure (
  { url, pid }: RunningServer, { photo, seconds }: OverloadOptions, load: { rate: number, connections: number, retryAtOnce: boolean }
): Promise<Sample> {
  const flood = Flood.ofPhoto(url, photo, load)
  await sleep(RAMP_MS)
  const probe = startProbe(`${url}/livez`, PROBE_INTERVAL_MS)
  const [before, startedAt] = [await flood.counts(), performance.now()]
  await sleep(seconds * 1000)
  const [after, elapsed] = [await flood.counts(), (performance.now() - startedAt) / 1000]
  const { resident } = await memoryOf(pid)
  const probes = await probe.stop()
  await flood.stop()
  const perSecond = (count: (counts: FloodCounts) => number): number => (count(after) - count(before)) / elapsed
  const answeredPerSecond = perSecond(({ byStatus }) => byStatus[200] ?? 0)
  const clientsCpu = perSecond(({ cpuSeconds }) => cpuSeconds) / usableCpus()
  const waits = Object.keys(after.retryAfter).map(Number)
  return {
    sentPerSecond: perSecond(({ sent }) => sent),
    answeredPerSecond,
    perFreeCpuSecond: answeredPerSecond / (1 - clientsCpu),
    refusedPerSecond: perSecond(({ byStatus }) => byStatus[503] ?? 0),
    otherwise: Math.round(elapsed * perSecond(othersOf)),
    retryAfter: waits.length === 0 ? undefined : [Math.min(...waits), Math.max(...waits)],
    livezP99: quantile(probes, 0.99),
    livezMax: Math.max(...probes),
    clientsCpu,
    residentMB: resident
  }
}

function othersOf ({ byStatus, broken }: FloodCounts): number {
  return broken + Object.entries(byStatus).reduce((sum, [status, count]) => sum + (status === '200' || status === '503' ? 0 : count), 0)
}

/** Whose clients have gone computes on for a moment. */
async function drained ({ url }: RunningServer): Promise<void> {
  while (!(await (await fetch(`${url}/metrics`)).text()).includes('xception_queue_length 0\n')) await sleep(100)
}

export function overloadTable (figures: readonly OverloadFigure[]): Table {
  return {
    header: [
      'offered / capacity', 'rate / peak, clients\' CPU counted out', 'answered/s', 'refused/s', 'other', 'Retry-After s',
      '/livez p99 ms', '/livez max ms', 'clients\' CPU %', 'resident MB'
    ],
    rows: figures.map((figure) => [
      figure.offered.toFixed(figure.offered < 2 ? 1 : 0), figure.ofPeak.toFixed(2), figure.answeredPerSecond.toFixed(1),
      figure.refusedPerSecond.toFixed(0), String(figure.otherwise), figure.retryAfter?.join(' to ') ?? '',
      figure.livezP99.toFixed(1), figure.livezMax.toFixed(1), (figure.clientsCpu * 100).toFixed(0), figure.residentMB.toFixed(0)
    ])
  }
}
