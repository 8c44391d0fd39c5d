import type { Network } from '../model/network.js'
import type { Weights } from '../model/weights.js'
import { checkWeights } from './check-weights.js'
import { emit, type Program } from './emit.js'
import { fold } from './fold/fold.js'
import { lower } from './lower/lower.js'
import { WEIGHTS_FILE, type SavedModel } from './saved-model.js'
import { store } from './store.js'
import type { Target } from './target.js'

export interface CompileOptions extends Target {
  readonly network: Network
  readonly weights: Weights
}

/**
 * Compiles a network into a TensorFlow SavedModel for any batch size; its ends are named in `signature.ts`.
 *
 * Throws a WeightsError if a weight is missing, has another shape than its layer says, or belongs to no layer, and an Error if the
 * network does not end in probabilities.
 */
export function compile ({ network, weights, ...target }: CompileOptions): SavedModel {
  checkWeights(network.layers, weights)
  return savedModelOf(lower(fold(network, weights), target))
}

/** A program as the files that TensorFlow loads. */
export function savedModelOf (program: Program): SavedModel {
  const stored = store(program, WEIGHTS_FILE)
  return { graph: emit(stored.program), weights: stored.weights }
}
