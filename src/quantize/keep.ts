import type { SavedModel } from '../compiler/index.js'
import type { Quantization } from '../model/quantization.js'
import { agreementOf } from './agreement.js'
import { answersFrom, type GraphAnswers } from './answers.js'
import type { GraphProcess } from './graph-process.js'
import type { Pixels } from './pixels.js'

/** What layers are judged by. */
export interface Bench {
  readonly graphOf: (quantization: Quantization) => SavedModel
  readonly pictures: readonly Pixels[]
  /** What float32 says of the pictures. */
  readonly reference: GraphAnswers
  /** Takes one graph after the other. */
  readonly graphs: GraphProcess
}

/** The logit error of the network when one layer alone is computed in int8. */
export interface LayerError {
  readonly layer: string
  readonly logitError: number
}

/** Measures each layer of a quantization; `onLayer` is told of each. */
export async function layerErrors (quantization: Quantization, bench: Bench, onLayer: () => void): Promise<LayerError[]> {
  const errors: LayerError[] = []
  for (const [layer, how] of quantization) {
    errors.push({ layer, logitError: await errorOf(new Map([[layer, how]]), bench) })
    onLayer()
  }
  return errors
}

/** The quantization without the layers that cost most, so many of them. */
export function withoutCostliest (quantization: Quantization, errors: readonly LayerError[], count: number): Quantization {
  const costliest = new Set(sorted(errors).slice(0, count).map(({ layer }) => layer))
  return new Map([...quantization].filter(([layer]) => !costliest.has(layer)))
}

/**
 * How many of the costliest layers to leave in the precision of the rest: the fewest with which the measured logit error is at most
 * `bound`. Squared errors of layers about add up, which says how many to try first; while that is too few, there are a quarter more.
 */
export async function layersToKeep (
  quantization: Quantization, errors: readonly LayerError[], bound: number, bench: Bench
): Promise<number> {
  const whole = await errorOf(quantization, bench)
  if (whole <= bound) return 0
  let count = predictedCount(errors, (bound / whole) ** 2)
  while (count < quantization.size && await errorOf(withoutCostliest(quantization, errors, count), bench) > bound) {
    count = Math.min(quantization.size, Math.ceil(count * 1.25))
  }
  return count
}

async function errorOf (quantization: Quantization, { graphOf, pictures, reference, graphs }: Bench): Promise<number> {
  await graphs.load(graphOf(quantization))
  return agreementOf(reference, await answersFrom(graphs, pictures)).logitError
}

/** How many of the costliest leave at most this share of all squared errors. */
function predictedCount (errors: readonly LayerError[], share: number): number {
  const squares = sorted(errors).map(({ logitError }) => logitError ** 2)
  let left = squares.reduce((sum, square) => sum + square, 0)
  const most = share * left
  const count = squares.findIndex((square) => {
    left -= square
    return left <= most
  })
  return count === -1 ? squares.length : count + 1
}

function sorted (errors: readonly LayerError[]): LayerError[] {
  return [...errors].sort((left, right) => right.logitError - left.logitError)
}
