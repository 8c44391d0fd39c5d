import { indexOfLargest } from '../../base/statistics.js'
import { dot, rowOf, selectRows, timesTransposed, transposedTimes, zeros, type Matrix } from './matrix.js'

/** What is left of a row's square, of the largest, once it counts as a sum of others: a few hundred roundings of float64. */
const DEPENDENT = 1e-13

/**
 * Rows [n, p] in coordinates of the space that they span, [n, r] with r at most n: a rotation, which leaves their products, and with
 * them every fit with an L2 penalty, as they are.
 */
export interface Span {
  readonly coordinates: Matrix
  /** What weights [k, r] for the coordinates are for the rows themselves: [k, p]. */
  readonly expand: (weights: Matrix) => Matrix
}

/** The coordinates are the rows of L in L * transpose(L) = rows * transpose(rows): Cholesky's factor, largest pivots first. */
export function spanOf (rows: Matrix): Span {
  const { factor, pivots } = pivotedCholesky(timesTransposed(rows, rows))
  const basis = selectRows(rows, pivots)
  const triangle = selectRows(factor, pivots)
  return {
    coordinates: factor,
    expand: (weights) => {
      const combinations = zeros(weights.rows, weights.columns)
      for (let row = 0; row < weights.rows; row++) rowOf(combinations, row).set(solveTransposed(triangle, rowOf(weights, row)))
      return transposedTimes(transposed(combinations), basis)
    }
  }
}

/** The factor [n, r] of a symmetric matrix without negative eigenvalues, and the r rows that the others are sums of. */
function pivotedCholesky (gram: Matrix): { factor: Matrix, pivots: number[] } {
  const { rows } = gram
  const wide = zeros(rows, rows)
  const left = Float64Array.from({ length: rows }, (_, row) => gram.data[row * rows + row] ?? 0)
  const least = DEPENDENT * Math.max(...left)
  const pivots: number[] = []
  while (pivots.length < rows) {
    const pivot = indexOfLargest(left)
    const square = left[pivot] ?? 0
    if (!(square > least)) break
    const rank = pivots.length
    const root = Math.sqrt(square)
    const known = rowOf(wide, pivot).subarray(0, rank)
    for (let row = 0; row < rows; row++) {
      if (!((left[row] ?? 0) > 0) || row === pivot) continue
      const value = ((gram.data[row * rows + pivot] ?? 0) - dot(known, rowOf(wide, row).subarray(0, rank))) / root
      wide.data[row * rows + rank] = value
      left[row] = Math.max(0, (left[row] ?? 0) - value * value)
    }
    wide.data[pivot * rows + rank] = root
    left[pivot] = 0
    pivots.push(pivot)
  }
  return { factor: firstColumns(wide, pivots.length), pivots }
}

function firstColumns (matrix: Matrix, columns: number): Matrix {
  const first = zeros(matrix.rows, columns)
  for (let row = 0; row < matrix.rows; row++) rowOf(first, row).set(rowOf(matrix, row).subarray(0, columns))
  return first
}

/** x with transpose(triangle) * x = right, for a lower triangle. */
function solveTransposed (triangle: Matrix, right: Float64Array): Float64Array {
  const size = triangle.rows
  const solution = Float64Array.from(right)
  for (let index = size - 1; index >= 0; index--) {
    const row = rowOf(triangle, index)
    const value = (solution[index] ?? 0) / (row[index] ?? 1)
    solution[index] = value
    for (let earlier = 0; earlier < index; earlier++) solution[earlier] = (solution[earlier] ?? 0) - value * (row[earlier] ?? 0)
  }
  return solution
}

function transposed (matrix: Matrix): Matrix {
  const result = zeros(matrix.columns, matrix.rows)
  for (let row = 0; row < matrix.rows; row++) {
    for (let column = 0; column < matrix.columns; column++) {
      result.data[column * matrix.rows + row] = matrix.data[row * matrix.columns + column] ?? 0
    }
  }
  return result
}
