import { setTimeout as sleep } from 'node:timers/promises'
import { quantile } from '../../src/base/statistics.js'
import { memoryOf } from '../harness/process-memory.js'
import type { RunningServer } from '../harness/server.js'
import type { Table } from '../table.js'
import { Flood, type FloodCounts } from './flood.js'

const RELOADS = 20
/** From which on memory is not to grow. */
const SETTLED_AFTER = 3
const CONNECTIONS = 4

/** Requests in flight while the model is opened anew again and again. */
export interface ReloadFigure {
  readonly reloads: number
  readonly answered: number
  /** All that is not 200. */
  readonly failed: number
  /** Milliseconds, without reloads and with them. */
  readonly p99Before: number
  readonly p99: number
  readonly meanReloadMs: number
  /** Resident memory, in MB of 10^6 bytes. */
  readonly residentAfterThirdMB: number
  readonly residentAfterLastMB: number
}

/** Reloads a server by its administration's address under load. */
export async function measureReloads (server: RunningServer, photo: Buffer): Promise<ReloadFigure> {
  const admin = /administration at (http:\S+?)"/.exec(server.log.join('\n'))?.[1]
  if (admin === undefined) throw new Error('the server has no port for administration')
  const flood = Flood.ofPhoto(server.url, photo, { rate: 0, connections: CONNECTIONS, retryAtOnce: true })
  try {
    await sleep(5000)
    const before = await flood.counts()
    const startedAt = performance.now()
    let residentAfterThird = 0
    for (let reload = 1; reload <= RELOADS; reload++) {
      const response = await fetch(`${admin}/admin/reload`, { method: 'POST' })
      if (response.status !== 200) throw new Error(`reload ${reload} was answered ${response.status}: ${await response.text()}`)
      if (reload === SETTLED_AFTER) residentAfterThird = (await memoryOf(server.pid)).resident
    }
    const meanReloadMs = (performance.now() - startedAt) / RELOADS
    const after = await flood.counts()
    return {
      reloads: RELOADS,
      answered: (after.byStatus[200] ?? 0) - (before.byStatus[200] ?? 0),
      failed: failuresOf(after),
      p99Before: quantile(before.latencies, 0.99),
      p99: quantile(after.latencies, 0.99),
      meanReloadMs,
      residentAfterThirdMB: residentAfterThird,
      residentAfterLastMB: (await memoryOf(server.pid)).resident
    }
  } finally {
    await flood.stop()
  }
}

function failuresOf ({ byStatus, broken }: FloodCounts): number {
  return broken + Object.entries(byStatus).reduce((sum, [status, count]) => sum + (status === '200' ? 0 : count), 0)
}

export function reloadsTable (figure: ReloadFigure): Table {
  return {
    header: [
      'reloads', 'requests answered', 'failed', 'p99 without ms', 'p99 with ms', 'a reload takes ms',
      'resident after the third MB', 'after the last MB'
    ],
    rows: [[
      String(figure.reloads), String(figure.answered), String(figure.failed), figure.p99Before.toFixed(0), figure.p99.toFixed(0),
      figure.meanReloadMs.toFixed(0), figure.residentAfterThirdMB.toFixed(0), figure.residentAfterLastMB.toFixed(0)
    ]]
  }
}
