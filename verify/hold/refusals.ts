import { setTimeout as sleep } from 'node:timers/promises'
import { startServer } from '../harness/server.js'
import type { Table } from '../table.js'
import { Flood } from './flood.js'
import { cpuSecondsOf } from './process-cpu.js'

/** One client gets all places but one of so few, so that they never fill a batch. */
const QUEUE_SIZE = 9
/** Longer than the measurement: what waits in the queue keeps it full, and the engine has nothing to do. */
const HELD_MS = 60_000
const RATE = 1000
const CONNECTIONS = 64

/** What it costs to say no. */
export interface RefusalFigure {
  readonly refusedPerSecond: number
  /** CPU time of the server's processes for one refused request with a photo, microseconds. */
  readonly cpuMicroseconds: number
}

/** Refuses a photo after the other while nothing else is to be done. */
export async function measureRefusals (photo: Buffer, seconds: number): Promise<RefusalFigure> {
  const server = await startServer({
    BACKEND: 'cpu', QUEUE_SIZE: String(QUEUE_SIZE), MAX_BATCH_SIZE: String(QUEUE_SIZE), BATCH_DELAY_MS: String(HELD_MS)
  })
  const flood = Flood.ofPhoto(server.url, photo, { rate: RATE, connections: CONNECTIONS, retryAtOnce: false })
  try {
    await sleep(2000)
    const [cpuBefore, before] = [await cpuSecondsOf(server.pid), await flood.counts()]
    await sleep(seconds * 1000)
    const [cpuAfter, after] = [await cpuSecondsOf(server.pid), await flood.counts()]
    const refused = (after.byStatus[503] ?? 0) - (before.byStatus[503] ?? 0)
    return {
      refusedPerSecond: refused / seconds,
      cpuMicroseconds: (cpuAfter - cpuBefore) / refused * 1e6
    }
  } finally {
    await flood.stop()
    await server.stop('SIGKILL')
  }
}

export function refusalsTable ({ refusedPerSecond, cpuMicroseconds }: RefusalFigure): Table {
  return { header: ['refused/s', 'CPU a refusal, µs'], rows: [[refusedPerSecond.toFixed(0), cpuMicroseconds.toFixed(0)]] }
}
