import type { StoredWeight } from '../files/index.js'

/** The weights of one layer as a file names it. */
export interface Leaf {
  readonly name: string
  readonly weights: readonly StoredWeight[]
}

/**
 * Groups weights by the layer in their names, in the order of first appearance: `block1_conv1` of `block1_conv1/kernel:0`.
 * A legacy file keeps a nested model's weights in one group, trainable ones first, so that those of a layer may stand apart.
 */
export function leavesOf (weights: readonly StoredWeight[]): Leaf[] {
  const leaves = new Map<string, StoredWeight[]>()
  for (const weight of weights) {
    const path = weight.name.split('/').slice(0, -1).join('/')
    const leaf = leaves.get(path)
    if (leaf === undefined) leaves.set(path, [weight])
    else leaf.push(weight)
  }
  return Array.from(leaves, ([path, own]) => ({ name: lastPart(path), weights: own }))
}

/** What a weight is for: `kernel` of `block1_conv1/kernel:0`. Keras 3 numbers them instead. */
export function roleOf (name: string): string {
  return lastPart(name).replace(/:\d+$/, '')
}

/**
 * Picks a layer's weights in the order of `roles`: by name where the file names them so, by position otherwise.
 * Undefined where neither fits.
 */
export function pickRoles (weights: readonly StoredWeight[], roles: readonly string[]): readonly StoredWeight[] | undefined {
  const named = roles.flatMap((role) => weights.find((weight) => roleOf(weight.name) === role) ?? [])
  if (named.length === roles.length) return named
  return weights.length === roles.length ? weights : undefined
}

function lastPart (path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}
