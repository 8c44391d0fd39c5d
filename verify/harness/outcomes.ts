import type { Series } from './metrics.js'

/** How many ended with each outcome, whatever other labels a series has. */
export type Outcomes = Readonly<Record<string, number>>

/** The totals by outcome of the series of one metric whose labels match; what never happened is left out. */
export function outcomesOf (series: Series, metric: string, which: (labels: string) => boolean = () => true): Outcomes {
  const totals: Record<string, number> = {}
  for (const [name, value] of series) {
    const outcome = /\boutcome="(\w+)"/.exec(name)?.[1]
    if (!name.startsWith(`${metric}{`) || outcome === undefined || value === 0 || !which(name)) continue
    totals[outcome] = (totals[outcome] ?? 0) + value
  }
  return totals
}

/** What came between two readings. */
export function gained (before: Outcomes, after: Outcomes): Outcomes {
  const more = Object.entries(after).map(([outcome, total]) => [outcome, total - (before[outcome] ?? 0)] as const)
  return Object.fromEntries(more.filter(([, count]) => count !== 0))
}
