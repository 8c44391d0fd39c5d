import { WeightsError } from '../../model/weights.js'
import type { StoredWeight } from '../files/stored.js'

/** What stands before all names where a network is part of something larger, as training wraps it. */
const PREFIXES = ['module.', 'model.', 'backbone.', 'net.', 'xception.', 'encoder.']
/** Weights that a forward pass does not read. */
const UNREAD = /(?:^|\.)(?:num_batches_tracked$|adjust_channel\.)/

/** The weights of a file by their names in the network, those that no forward pass reads left out. */
export class NamedWeights {
  private readonly used = new Set<string>()

  private constructor (private readonly weights: ReadonlyMap<string, StoredWeight>) {}

  /** Takes off what all names begin with. */
  static of (weights: readonly StoredWeight[]): NamedWeights {
    let named = weights.filter(({ name }) => !UNREAD.test(name)).map((weight) => [weight.name, weight] as const)
    for (;;) {
      const prefix = PREFIXES.find((one) => named.length > 0 && named.every(([name]) => name.startsWith(one)))
      if (prefix === undefined) return new NamedWeights(new Map(named))
      named = named.map(([name, weight]) => [name.slice(prefix.length), weight])
    }
  }

  get names (): string[] {
    return [...this.weights.keys()]
  }

  has (name: string): boolean {
    return this.weights.has(name)
  }

  shapeOf (name: string): readonly number[] | undefined {
    return this.weights.get(name)?.shape
  }

  /** The weight of a name, which counts as read. Throws a WeightsError if there is none. */
  take (name: string): StoredWeight {
    const weight = this.weights.get(name)
    if (weight === undefined) throw new WeightsError(`it has no weight ${name}`)
    this.used.add(name)
    return weight
  }

  /** Throws a WeightsError that names the first weight that nothing read. */
  demandAllTaken (network: string): void {
    const left = this.names.filter((name) => !this.used.has(name))
    if (left.length === 0) return
    const others = left.length === 1 ? '' : `, and ${left.length - 1} more`
    throw new WeightsError(`its weight ${left[0]}${others}, has no place in ${network}`.replace(/^(its weight [^,]+), has/, '$1 has'))
  }
}
