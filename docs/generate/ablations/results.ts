import type { EpochMetrics } from '../../../src/train/fit/checkpoint.js'
import type { Recipe } from '../../../src/train/fit/recipe.js'
import type { Machine } from '../../../bench/report/machine.js'
import type { ArmName } from './arms.js'

/** One training of one arm. */
export interface AblationRun {
  readonly arm: ArmName
  readonly parameters: number
  readonly multiplyAdds: number
  readonly seed: number
  readonly epochs: readonly EpochMetrics[]
  /** On the test pictures, which nothing else looks at. */
  readonly testAccuracy: number
}

export interface AblationResult {
  readonly recipe: Omit<Recipe, 'seed'>
  readonly trainPictures: number
  readonly validationPictures: number
  readonly testPictures: number
  readonly runs: readonly AblationRun[]
}

export type SavedAblations = AblationResult & { readonly date: string, readonly machine: Machine }

/** Accuracy of several seeds. */
export interface Accuracy {
  readonly mean: number
  /** Standard deviation of one seed, from the sample; not a number for one seed alone. */
  readonly deviation: number
}

export function accuracyOf (values: readonly number[]): Accuracy {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0)
  return { mean, deviation: Math.sqrt(squares / (values.length - 1)) }
}
