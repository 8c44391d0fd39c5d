import { createHash } from 'node:crypto'
import type { Sample } from './types.js'

/** A picture as often as it is there: its files stay together, so that none is judged by another that it was fitted on. */
type Group = readonly Sample[]

/**
 * For each class, its pictures in an order by chance that the seed and their pixels alone decide. Files that show the same are one
 * group, which counts for the class of its first.
 */
export function shuffledGroups (samples: readonly Sample[], seed: number): ReadonlyArray<readonly Group[]> {
  const groups = new Map<string, Sample[]>()
  for (const sample of samples) {
    const group = groups.get(sample.pixelsHash)
    if (group === undefined) groups.set(sample.pixelsHash, [sample])
    else group.push(sample)
  }
  const classes = new Map<number, Array<{ readonly rank: string, readonly group: Group }>>()
  for (const [pixelsHash, group] of groups) {
    const label = Math.min(...group.map((sample) => sample.label))
    const rank = createHash('sha256').update(`${seed} ${pixelsHash}`).digest('hex')
    classes.set(label, [...classes.get(label) ?? [], { rank, group }])
  }
  return [...classes].sort(([left], [right]) => left - right)
    .map(([, ranked]) => ranked.sort((left, right) => left.rank < right.rank ? -1 : 1).map(({ group }) => group))
}
