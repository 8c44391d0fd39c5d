import { SPLITS, type Dataset, type Duplicates } from './types.js'

/** Samples of all splits that show the same as others, sorted by their first path. */
export function findDuplicates (splits: Dataset['splits']): Duplicates[] {
  const groups = new Map<string, Array<Duplicates['members'][number] & { readonly hash: string }>>()
  for (const split of SPLITS) {
    for (const { path, label, hash, pixelsHash } of splits[split]) {
      groups.set(pixelsHash, [...groups.get(pixelsHash) ?? [], { path, split, label, hash }])
    }
  }
  return [...groups.values()].filter((group) => group.length > 1).map((group) => ({
    sameContent: new Set(group.map(({ hash }) => hash)).size === 1,
    members: group.sort(byPath).map(({ path, split, label }) => ({ path, split, label }))
  })).sort(({ members: [left] }, { members: [right] }) => left !== undefined && right !== undefined ? byPath(left, right) : 0)
}

/** Whether a picture that is fitted on judges the fit as well. */
export function isBetweenSplits ({ members }: Duplicates): boolean {
  return new Set(members.map(({ split }) => split)).size > 1
}

/** Whether the same picture has more than one class. */
export function isContradictory ({ members }: Duplicates): boolean {
  return new Set(members.map(({ label }) => label)).size > 1
}

function byPath (left: { readonly path: string }, right: { readonly path: string }): number {
  return left.path < right.path ? -1 : 1
}
