import { median } from '../../src/base/statistics.js'
import type { Checkpoint } from './checkpoint.js'

/** What is held may be so much more at the end than it was after warming up. */
const MOST_GROWTH: Readonly<Record<Held, (before: number) => number>> = {
  rssMiB: (before) => before * 0.1,
  handles: () => 8,
  threads: () => 8,
  processes: () => 0
}
/** With fewer checkpoints nothing can be said. */
const FEWEST = 6

type Held = 'rssMiB' | 'handles' | 'threads' | 'processes'

/** What grew: the last third of the checkpoints against the third before it; the first third warms up. */
export function growth (checkpoints: readonly Checkpoint[]): string[] {
  if (checkpoints.length < FEWEST) return []
  const third = Math.floor(checkpoints.length / 3)
  return (Object.keys(MOST_GROWTH) as Held[]).flatMap((held) => {
    const of = (from: number, to?: number): number => median(checkpoints.slice(from, to).map((one) => one[held]))
    const [before, after] = [of(third, -third), of(-third)]
    return after - before <= MOST_GROWTH[held](before) ? [] : [`${held} grew from ${before} to ${after}`]
  })
}

/** Least squares over all but the first third, in MiB an hour. */
export function memorySlope (checkpoints: readonly Checkpoint[]): number {
  const late = checkpoints.slice(Math.floor(checkpoints.length / 3))
  const mean = (of: (one: Checkpoint) => number): number => late.reduce((sum, one) => sum + of(one), 0) / late.length
  const [minutes, rss] = [mean((one) => one.minutes), mean((one) => one.rssMiB)]
  const covariance = mean((one) => (one.minutes - minutes) * (one.rssMiB - rss))
  return 60 * covariance / mean((one) => (one.minutes - minutes) ** 2)
}
