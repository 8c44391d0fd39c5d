import { selectRows, type Matrix } from './matrix.js'
import type { Labelled } from './logistic.js'

/**
 * What heads are fitted to: the features of n pictures, then those of the same pictures in one variant after the other, n rows each.
 * The memory is shared, so that threads need no copies.
 */
export interface TrainingRows {
  readonly pictures: number
  /** [n * (1 + variants), features]. */
  readonly features: Matrix
  /** One a picture. */
  readonly labels: Uint32Array
  readonly classes: number
  /** How much each picture counts, with all its variants. */
  readonly weights: Float64Array
}

/** Rows of pictures, and of their variants or not; pictures count as much with variants as without. */
export function rowsOf (all: TrainingRows, pictures: readonly number[], { variants }: { variants: boolean }): Labelled {
  const copies = variants ? all.features.rows / all.pictures : 1
  const rows = Array.from({ length: copies }, (_, copy) => pictures.map((picture) => copy * all.pictures + picture)).flat()
  return {
    features: selectRows(all.features, rows),
    labels: Uint32Array.from(rows, (row) => all.labels[row % all.pictures] ?? 0),
    weights: Float64Array.from(rows, (row) => (all.weights[row % all.pictures] ?? 0) / copies),
    classes: all.classes
  }
}

/** Every picture counts 1. */
export function equalWeights (labels: Uint32Array): Float64Array {
  return new Float64Array(labels.length).fill(1)
}

/** Every class counts the same, however many pictures it has; the mean over the pictures is 1. */
export function balancedWeights (labels: Uint32Array, classes: number): Float64Array {
  const counts = new Float64Array(classes)
  for (const label of labels) counts[label] = (counts[label] ?? 0) + 1
  return Float64Array.from(labels, (label) => labels.length / (classes * (counts[label] ?? 1)))
}
