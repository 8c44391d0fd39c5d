import { minimize, type Minimum } from './lbfgs.js'
import { linearOf, logisticObjective, type Labelled, type Linear } from './logistic.js'
import { addScaled, dot, norm, rowOf, zeros, type Matrix } from './matrix.js'
import { spanOf } from './span.js'
import { standardizationOf, standardize, type Standardization } from './standardize.js'

/** Far above what is needed: some hundred for the weakest penalties. */
const MAX_ITERATIONS = 5000

/**
 * A head to be fitted: the features are standardized and, where there are more of them than rows, turned into the rows' span, in
 * which the fit is the same and cheaper.
 */
export class HeadProblem {
  private readonly standardization: Standardization
  private readonly labelled: Labelled
  private readonly expand: (weights: Matrix) => Matrix
  /** Norm of the gradient where all parameters are 0. */
  private readonly scale: number

  constructor (labelled: Labelled) {
    this.standardization = standardizationOf(labelled.features, labelled.weights)
    const standardized = standardize(labelled.features, this.standardization)
    const span = standardized.rows < standardized.columns ? spanOf(standardized) : undefined
    this.expand = span?.expand ?? ((weights) => weights)
    this.labelled = { ...labelled, features: span?.coordinates ?? standardized }
    const objective = logisticObjective(this.labelled, 0)
    const gradient = new Float64Array(objective.size)
    objective.evaluate(new Float64Array(objective.size), gradient)
    this.scale = norm(gradient)
  }

  /** The parameters for a strength of the penalty, up to a gradient of `tolerance` times the one at 0; `start` makes it shorter. */
  fit (strength: number, tolerance: number, start?: Float64Array): Minimum {
    const objective = logisticObjective(this.labelled, strength)
    return minimize(objective, {
      start: start ?? new Float64Array(objective.size), scale: this.scale, tolerance, maxIterations: MAX_ITERATIONS
    })
  }

  /** The parameters as a classifier of the features as they are: what standardizes them is part of it. */
  linear (parameters: Float64Array): Linear {
    const { labelled: { classes, features }, standardization: { mean, deviation } } = this
    const fitted = linearOf(parameters, classes, features.columns)
    const weights = this.expand(fitted.weights)
    const plain = zeros(classes, mean.length)
    const bias = Float64Array.from(fitted.bias)
    for (let index = 0; index < classes; index++) {
      const row = rowOf(plain, index)
      rowOf(weights, index).forEach((value, column) => { row[column] = value / (deviation[column] ?? 1) })
      bias[index] = (bias[index] ?? 0) - dot(row, mean)
    }
    return { weights: plain, bias }
  }
}

/** The same classifier with its logits divided by a number. */
export function dividedBy ({ weights, bias }: Linear, divisor: number): Linear {
  return { weights: { ...weights, data: scaled(weights.data, 1 / divisor) }, bias: scaled(bias, 1 / divisor) }
}

function scaled (vector: Float64Array, factor: number): Float64Array {
  const result = new Float64Array(vector.length)
  addScaled(result, factor, vector)
  return result
}
