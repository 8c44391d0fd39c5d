import { addScaled, dot, rowOf, timesTransposed, transposedTimes, zeros, type Matrix } from './matrix.js'

/** Rows with their classes, and how much each counts. */
export interface Labelled {
  readonly features: Matrix
  /** From 0 to below `classes`, one a row. */
  readonly labels: ArrayLike<number>
  readonly weights: Float64Array
  readonly classes: number
}

/** A linear classifier: its logits are features times the transpose of `weights` [classes, features], plus `bias`. */
export interface Linear {
  readonly weights: Matrix
  readonly bias: Float64Array
}

/** A function to be made small, of parameters that a vector holds. */
export interface Objective {
  readonly size: number
  /** Its value, with the gradient written to `gradient`. */
  readonly evaluate: (parameters: Float64Array, gradient: Float64Array) => number
}

/** Logits [n, classes]. */
export function logitsOf (features: Matrix, { weights, bias }: Linear, result?: Matrix): Matrix {
  const logits = timesTransposed(features, weights, result)
  for (let row = 0; row < logits.rows; row++) addScaled(rowOf(logits, row), 1, bias)
  return logits
}

/** Makes probabilities of logits, in place, and returns the logarithm of the one of `label`. */
export function softmax (logits: Float64Array, label: number): number {
  const largest = logits.reduce((most, value) => Math.max(most, value), -Infinity)
  const ofLabel = (logits[label] ?? 0) - largest
  let sum = 0
  for (let index = 0; index < logits.length; index++) {
    const value = Math.exp((logits[index] as number) - largest)
    logits[index] = value
    sum += value
  }
  for (let index = 0; index < logits.length; index++) logits[index] = (logits[index] as number) / sum
  return ofLabel - Math.log(sum)
}

/** Cross-entropy of one row's logits, in nats. */
export function rowLoss (logits: Float64Array, label: number): number {
  return -softmax(Float64Array.from(logits), label)
}

/** The parameters of a vector: the weights, row by row, then the bias. */
export function linearOf (parameters: Float64Array, classes: number, features: number): Linear {
  return {
    weights: { rows: classes, columns: features, data: parameters.subarray(0, classes * features) },
    bias: parameters.subarray(classes * features)
  }
}

/**
 * Multinomial logistic regression: the mean of the rows' cross-entropy by their weights, plus strength / 2 times the sum of the
 * squared weights; the bias is free.
 */
export function logisticObjective ({ features, labels, weights, classes }: Labelled, strength: number): Objective {
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  const residuals = zeros(features.rows, classes)
  return {
    size: classes * (features.columns + 1),
    evaluate: (parameters, gradient) => {
      const model = linearOf(parameters, classes, features.columns)
      const slope = linearOf(gradient, classes, features.columns)
      logitsOf(features, model, residuals)
      slope.bias.fill(0)
      let loss = 0
      for (let row = 0; row < features.rows; row++) {
        const label = labels[row] as number
        const share = (weights[row] as number) / total
        const residual = rowOf(residuals, row)
        loss -= share * softmax(residual, label)
        residual[label] = (residual[label] as number) - 1
        for (let index = 0; index < classes; index++) residual[index] = (residual[index] as number) * share
        addScaled(slope.bias, 1, residual)
      }
      transposedTimes(residuals, features, slope.weights)
      addScaled(slope.weights.data, strength, model.weights.data)
      return loss + strength / 2 * dot(model.weights.data, model.weights.data)
    }
  }
}
