import type { Dataset, Split } from './types.js'

/** Names of the classes that a split has no picture of; none where there is no such split. */
export function classesWithout (split: Split, { classes, splits }: Pick<Dataset, 'classes' | 'splits'>): string[] {
  if (splits[split].length === 0) return []
  const there = new Set(splits[split].map(({ label }) => label))
  return classes.filter((_, label) => !there.has(label))
}
