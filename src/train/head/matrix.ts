/** Numbers row by row. */
export interface Matrix {
  readonly rows: number
  readonly columns: number
  readonly data: Float64Array
}

export function zeros (rows: number, columns: number): Matrix {
  return { rows, columns, data: new Float64Array(rows * columns) }
}

/** Rows of one length as a matrix. */
export function matrixOf (rows: ReadonlyArray<ArrayLike<number>>): Matrix {
  const matrix = zeros(rows.length, rows[0]?.length ?? 0)
  rows.forEach((row, index) => { matrix.data.set(row, index * matrix.columns) })
  return matrix
}

export function rowOf ({ columns, data }: Matrix, row: number): Float64Array {
  return data.subarray(row * columns, (row + 1) * columns)
}

/** The rows of these numbers, in their order. */
export function selectRows (matrix: Matrix, rows: ArrayLike<number>): Matrix {
  const selected = zeros(rows.length, matrix.columns)
  for (let index = 0; index < rows.length; index++) rowOf(selected, index).set(rowOf(matrix, rows[index] ?? NaN))
  return selected
}

/* The inner loops below hold their operands in local variables: of two rows of each side, or of four rows, at a time. */

/** left [n, d] times the transpose of right [k, d]: [n, k]. */
export function timesTransposed (left: Matrix, right: Matrix, result = zeros(left.rows, right.rows)): Matrix {
  const evenRows = left.rows - left.rows % 2
  const evenColumns = right.rows - right.rows % 2
  for (let column = 0; column < evenColumns; column += 2) {
    for (let row = 0; row < evenRows; row += 2) multiplyTwoByTwo(left, right, row, column, result)
  }
  for (let row = 0; row < left.rows; row++) {
    for (let column = row < evenRows ? evenColumns : 0; column < right.rows; column++) {
      result.data[row * right.rows + column] = dot(rowOf(left, row), rowOf(right, column))
    }
  }
  return result
}

function multiplyTwoByTwo (left: Matrix, right: Matrix, row: number, column: number, result: Matrix): void {
  const { columns, data: a } = left
  const b = right.data
  const [a0, b0] = [row * columns, column * columns]
  const [a1, b1] = [a0 + columns, b0 + columns]
  let [sum00, sum01, sum10, sum11] = [0, 0, 0, 0]
  for (let index = 0; index < columns; index++) {
    const x0 = a[a0 + index] as number
    const x1 = a[a1 + index] as number
    const y0 = b[b0 + index] as number
    const y1 = b[b1 + index] as number
    sum00 += x0 * y0
    sum01 += x0 * y1
    sum10 += x1 * y0
    sum11 += x1 * y1
  }
  const at = row * result.columns + column
  result.data[at] = sum00
  result.data[at + 1] = sum01
  result.data[at + result.columns] = sum10
  result.data[at + result.columns + 1] = sum11
}

/** The transpose of left [n, k] times right [n, d]: [k, d]. */
export function transposedTimes (left: Matrix, right: Matrix, result = zeros(left.columns, right.columns)): Matrix {
  result.data.fill(0)
  const fours = left.rows - left.rows % 4
  for (let row = 0; row < fours; row += 4) addFourRows(left, right, row, result)
  for (let row = fours; row < left.rows; row++) {
    const from = rowOf(right, row)
    rowOf(left, row).forEach((factor, index) => { addScaled(rowOf(result, index), factor, from) })
  }
  return result
}

function addFourRows (left: Matrix, right: Matrix, row: number, result: Matrix): void {
  const { columns, data: b } = right
  const sum = result.data
  const b0 = row * columns
  const [b1, b2, b3] = [b0 + columns, b0 + 2 * columns, b0 + 3 * columns]
  for (let index = 0; index < left.columns; index++) {
    const at = row * left.columns + index
    const x0 = left.data[at] as number
    const x1 = left.data[at + left.columns] as number
    const x2 = left.data[at + 2 * left.columns] as number
    const x3 = left.data[at + 3 * left.columns] as number
    const start = index * columns
    for (let column = 0; column < columns; column++) {
      sum[start + column] = (sum[start + column] as number) + x0 * (b[b0 + column] as number) + x1 * (b[b1 + column] as number) +
        x2 * (b[b2 + column] as number) + x3 * (b[b3 + column] as number)
    }
  }
}

export function dot (left: Float64Array, right: Float64Array): number {
  let sum = 0
  for (let index = 0; index < left.length; index++) sum += (left[index] as number) * (right[index] as number)
  return sum
}

/** Adds factor * from to the first. */
export function addScaled (to: Float64Array, factor: number, from: Float64Array): void {
  for (let index = 0; index < to.length; index++) to[index] = (to[index] as number) + factor * (from[index] as number)
}

export function norm (vector: Float64Array): number {
  return Math.sqrt(dot(vector, vector))
}
