import type { Metric } from 'prom-client'

/** What happens within it is counted at once, while the engine or a client is waited for and nobody waits for this process. */
const LATER_MS = 1
const CHANGES = ['inc', 'dec', 'set', 'observe'] as const

type Change = (...values: unknown[]) => void

const waiting: Array<readonly [Change, readonly unknown[]]> = []

/**
 * Has a metric's changes wait for a moment: each takes longer than much of a request, which has no part in it. Whoever reads it sees
 * all of them.
 */
export function countedLater<M extends Metric> (metric: M): M {
  for (const name of CHANGES) {
    const change: unknown = Reflect.get(metric, name)
    if (typeof change === 'function') Reflect.set(metric, name, delayed((change as Change).bind(metric)))
  }
  const get = metric.get.bind(metric)
  Reflect.set(metric, 'get', async () => {
    catchUp()
    return await get()
  })
  return metric
}

function delayed (change: Change): Change {
  return (...values) => {
    if (waiting.push([change, values]) === 1) setTimeout(catchUp, LATER_MS).unref()
  }
}

function catchUp (): void {
  for (const [change, values] of waiting.splice(0)) change(...values)
}
