import { performance } from 'node:perf_hooks'
import type { Case } from './case.js'
import { makeCase } from './cases.js'
import { Client } from './client.js'
import type { Sample } from './corpus.js'

/** What the service must not do, and the case that it did it at. */
export interface Violation {
  readonly reason: string
  readonly number: number
  readonly case: Case
}

export interface RunOptions {
  readonly url: string
  readonly samples: readonly Sample[]
  readonly seed: number
  /** Number of the first case. */
  readonly from: number
  /** Cases to send; fewer if the time is up first. */
  readonly requests: number
  readonly seconds: number
  readonly connections: number
  /** True once the server's process has ended. */
  readonly hasEnded: () => boolean
}

export interface RunResult {
  readonly requests: number
  readonly seconds: number
  /** How often each kind was sent. */
  readonly byKind: ReadonlyMap<string, number>
  /** How often each status came; a case may have none or several. */
  readonly byStatus: ReadonlyMap<string, number>
  readonly violations: readonly Violation[]
}

/** A service that is broken breaks at everything. */
const ENOUGH_VIOLATIONS = 10

/** Sends cases over several connections at once and judges the answers: 2xx or 4xx each. */
export async function run (options: RunOptions): Promise<RunResult> {
  const { url, samples, seed, from, requests, seconds, connections, hasEnded } = options
  const byKind = new Map<string, number>()
  const byStatus = new Map<string, number>()
  const violations: Violation[] = []
  const startedAt = performance.now()
  let sent = 0
  const isOver = (): boolean => sent === requests || violations.length >= ENOUGH_VIOLATIONS || hasEnded() ||
    performance.now() - startedAt > seconds * 1000
  const one = async (client: Client): Promise<void> => {
    const number = from + sent++
    const next = makeCase(samples, seed, number)
    count(byKind, next.kind)
    try {
      const statuses = await client.send(next)
      for (const status of statuses.length === 0 ? ['none'] : statuses) count(byStatus, String(status))
      const wrong = statuses.filter((status) => status >= 500)
      if (wrong.length > 0) violations.push({ reason: `answered ${wrong.join(', ')}`, number, case: next })
    } catch (error) {
      violations.push({ reason: (error as Error).message, number, case: next })
    }
  }
  await Promise.all(Array.from({ length: connections }, async () => {
    const client = new Client(new URL(url))
    while (!isOver()) await one(client)
    client.close()
  }))
  return { requests: sent, seconds: (performance.now() - startedAt) / 1000, byKind, byStatus, violations }
}

function count (counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1)
}
