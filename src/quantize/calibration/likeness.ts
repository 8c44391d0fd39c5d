import { median } from '../../base/statistics.js'
import type { Folded } from '../../compiler/fold/fold.js'
import { weightOf } from '../../compiler/weight-of.js'
import type { Layer, Network } from '../../model/network.js'
import { channelsOf } from '../../model/shapes.js'
import type { Weights } from '../../model/weights.js'
import { sourcesOf } from '../from-statistics.js'
import type { Moments } from '../statistics/normal.js'

/**
 * How what layers give for pictures compares with what the batch normalizations behind them saw in training: medians over these layers.
 * Pictures that the network was trained on have a spread of 1 and a shift of 0.
 */
export interface Likeness {
  /** Variance of all filters together, of the one in training. */
  readonly spread: number
  /** Root mean square of what means differ by, in standard deviations of the training. */
  readonly shift: number
  /** Batch normalizations that could be compared. */
  readonly layers: number
}

/** Undefined where no batch normalization stands directly behind one of the layers. */
export function likenessOf (
  network: Network, weights: Weights, folded: Pick<Folded, 'network'>, moments: ReadonlyMap<string, Moments>
): Likeness | undefined {
  const sources = sourcesOf(network, folded.network)
  const original = new Map(network.layers.map((layer) => [layer.name, layer]))
  const compared = [...moments].flatMap(([name, found]) => {
    const source = original.get(sources.get(name) ?? '')
    return source === undefined ? [] : compare(source, weights, found) ?? []
  })
  if (compared.length === 0) return undefined
  return {
    spread: median(compared.map(({ spread }) => spread)), shift: median(compared.map(({ shift }) => shift)), layers: compared.length
  }
}

/** A batch normalization gives its beta as the mean and its gamma as the deviation of what it was trained on. */
function compare (layer: Layer, weights: Weights, { mean, variance }: Moments): Pick<Likeness, 'spread' | 'shift'> | undefined {
  const { operation, outputShape } = layer
  if (operation.kind !== 'batchNormalization') return undefined
  const beta = operation.center ? weightOf(layer, 'beta', weights).data : undefined
  const gamma = operation.scale ? weightOf(layer, 'gamma', weights).data : undefined
  let [distance, spread, trained] = [0, 0, 0]
  for (let filter = 0; filter < channelsOf(outputShape); filter++) {
    distance += ((mean[filter] ?? 0) - (beta?.[filter] ?? 0)) ** 2
    spread += variance[filter] ?? 0
    trained += (gamma?.[filter] ?? 1) ** 2
  }
  return trained === 0 ? undefined : { spread: spread / trained, shift: Math.sqrt(distance / trained) }
}
