import { addScaled, rowOf, zeros, type Matrix } from './matrix.js'

/** What is taken off each feature, and what it is divided by then. */
export interface Standardization {
  readonly mean: Float64Array
  readonly deviation: Float64Array
}

/** A feature whose deviation is less than this share of its size is constant, up to rounding of float32. */
const CONSTANT = 1e-6

/**
 * Means and standard deviations of the columns, rows counted by their weights. A constant feature is divided by 1, as scikit-learn
 * does.
 */
export function standardizationOf (features: Matrix, weights: Float64Array): Standardization {
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  const mean = new Float64Array(features.columns)
  for (let row = 0; row < features.rows; row++) addScaled(mean, (weights[row] ?? 0) / total, rowOf(features, row))
  const variance = new Float64Array(features.columns)
  for (let row = 0; row < features.rows; row++) {
    const share = (weights[row] ?? 0) / total
    rowOf(features, row).forEach((value, column) => {
      variance[column] = (variance[column] ?? 0) + share * (value - (mean[column] ?? 0)) ** 2
    })
  }
  const deviation = variance.map((value, column) => {
    const root = Math.sqrt(value)
    return root > CONSTANT * Math.abs(mean[column] ?? 0) && root > 0 ? root : 1
  })
  return { mean, deviation }
}

export function standardize (features: Matrix, { mean, deviation }: Standardization): Matrix {
  const standardized = zeros(features.rows, features.columns)
  for (let row = 0; row < features.rows; row++) {
    const to = rowOf(standardized, row)
    rowOf(features, row).forEach((value, column) => { to[column] = (value - (mean[column] ?? 0)) / (deviation[column] ?? 1) })
  }
  return standardized
}
