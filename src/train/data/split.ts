import { shuffledGroups } from './grouped.js'
import type { Dataset, Sample, Shares } from './types.js'

/** Which samples are put aside, from a seed: the same shares of each class, of which at least one picture is left for fitting. */
export function splitByClass (samples: readonly Sample[], shares: Shares, seed: number): Dataset['splits'] {
  const splits: Record<'train' | 'validation' | 'test', Sample[]> = { train: [], validation: [], test: [] }
  for (const groups of shuffledGroups(samples, seed)) {
    const test = Math.min(groups.length - 1, Math.round(groups.length * shares.test))
    const validation = Math.min(groups.length - 1 - test, Math.round(groups.length * shares.validation))
    splits.test.push(...groups.slice(0, test).flat())
    splits.validation.push(...groups.slice(test, test + validation).flat())
    splits.train.push(...groups.slice(test + validation).flat())
  }
  return splits
}

/** For each sample the number of its fold, from 0: folds of about the same size, with about the same share of each class. */
export function foldsOf (samples: readonly Sample[], folds: number, seed: number): Uint8Array {
  const foldOf = new Map<Sample, number>()
  let dealt = 0
  for (const group of shuffledGroups(samples, seed).flat()) {
    for (const sample of group) foldOf.set(sample, dealt % folds)
    dealt++
  }
  return Uint8Array.from(samples, (sample) => foldOf.get(sample) ?? 0)
}
