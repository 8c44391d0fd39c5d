import type { StoredLayer, StoredWeight } from './stored.js'

/**
 * Puts weights with names such as `block1_conv1/kernel` together by what stands before the last slash,
 * in the order of first appearance.
 */
export function groupByPath (weights: readonly StoredWeight[]): StoredLayer[] {
  const layers = new Map<string, StoredWeight[]>()
  for (const weight of weights) {
    const path = weight.name.slice(0, Math.max(0, weight.name.lastIndexOf('/')))
    const layer = layers.get(path)
    if (layer === undefined) layers.set(path, [weight])
    else layer.push(weight)
  }
  return Array.from(layers, ([path, own]) => ({ path, weights: own }))
}
