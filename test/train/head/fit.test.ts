import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { suite, test } from 'node:test'
import { Random } from '../../../src/base/random.js'
import { fitFinal } from '../../../src/train/head/fit-jobs.js'
import { logisticObjective, logitsOf, softmax, type Labelled, type Linear } from '../../../src/train/head/logistic.js'
import { matrixOf, norm, rowOf, selectRows, timesTransposed, transposedTimes } from '../../../src/train/head/matrix.js'
import { HeadProblem } from '../../../src/train/head/problem.js'
import { spanOf } from '../../../src/train/head/span.js'
import { standardizationOf, standardize } from '../../../src/train/head/standardize.js'
import { clouds, rowsOf } from './problems.js'

const near = (found: ArrayLike<number>, expected: ArrayLike<number>, tolerance: number): void => {
  assert.equal(found.length, expected.length)
  for (let index = 0; index < found.length; index++) {
    assert.ok(Math.abs((found[index] ?? NaN) - (expected[index] ?? NaN)) <= tolerance, `${found[index]} is not ${expected[index]}`)
  }
}

function probabilitiesOf (head: Linear, { features }: Pick<Labelled, 'features'>): Float64Array[] {
  const logits = logitsOf(features, head)
  return Array.from({ length: features.rows }, (_, row) => {
    const probabilities = rowOf(logits, row)
    softmax(probabilities, 0)
    return probabilities
  })
}

suite('products of matrices', () => {
  test('are right for every remainder of the blocks', () => {
    for (const [n, d, k] of [[1, 1, 1], [2, 3, 2], [3, 2, 5], [5, 7, 3], [8, 4, 4]] as const) {
      const { features: left } = clouds(n, d, 1)
      const { features: right } = clouds(k, d, 1, 2)
      const product = timesTransposed(left, right)
      const back = transposedTimes(product, left)
      for (let row = 0; row < n; row++) {
        for (let column = 0; column < k; column++) {
          const expected = rowOf(left, row).reduce((sum, value, index) => sum + value * (rowOf(right, column)[index] ?? 0), 0)
          near([product.data[row * k + column] ?? NaN], [expected], 1e-9)
        }
      }
      for (let row = 0; row < k; row++) {
        for (let column = 0; column < d; column++) {
          let expected = 0
          for (let index = 0; index < n; index++) expected += (product.data[index * k + row] ?? 0) * (left.data[index * d + column] ?? 0)
          near([back.data[row * d + column] ?? NaN], [expected], 1e-7)
        }
      }
    }
  })
})

suite('logistic regression', () => {
  test('has the gradient of its loss, by finite differences', () => {
    const objective = logisticObjective(clouds(7, 4, 3), 0.3)
    const random = new Random(5)
    const parameters = new Float64Array(objective.size).map(() => random.normal(0.2))
    const gradient = new Float64Array(objective.size)
    const ignored = new Float64Array(objective.size)
    objective.evaluate(parameters, gradient)
    const step = 1e-5
    const differences = parameters.map((_, index) => {
      const at = (shift: number): number => (
        objective.evaluate(parameters.map((value, other) => other === index ? value + shift : value), ignored)
      )
      return (at(step) - at(-step)) / (2 * step)
    })
    near(differences, gradient, 1e-8)
  })

  test('of two points is where their equation says', () => {
    const strength = 0.1
    const problem = new HeadProblem({ features: matrixOf([[-1], [1]]), labels: [0, 1], weights: new Float64Array([1, 1]), classes: 2 })
    const { weights } = problem.linear(problem.fit(strength, 1e-10).parameters)
    // The weights are -a and a with a = 1 / (strength * (1 + exp(2a))).
    const [, found = NaN] = weights.data
    near([found], [1 / (strength * (1 + Math.exp(2 * found)))], 1e-8)
    near([weights.data[0] ?? NaN], [-found], 1e-9)
  })

  test('agrees with scikit-learn, with fewer rows than features and with more', () => {
    const file = readFileSync(new URL('../../../../test/fixtures/logistic-regression.json', import.meta.url), 'utf8')
    const { cases } = JSON.parse(file) as {
      cases: ReadonlyArray<{ rows: number, features: number, strength: number, probabilities: number[][] }>
    }
    for (const { rows, features: columns, strength, probabilities } of cases) {
      const data = Array.from({ length: rows }, (_, i) => Array.from({ length: columns }, (_, j) => Math.sin(1 + 7 * i + 3 * j + i * j)))
      const labelled = {
        features: matrixOf(data), labels: data.map((_, row) => row % 3), weights: new Float64Array(rows).fill(1), classes: 3
      }
      const problem = new HeadProblem(labelled)
      const found = probabilitiesOf(problem.linear(problem.fit(strength, 1e-9).parameters), labelled)
      found.forEach((row, index) => { near(row, probabilities[index] ?? [], 1e-6) })
    }
  })

  test('converges to a gradient that is small in the features themselves, and says so when it does not', () => {
    for (const labelled of [clouds(20, 60, 4), clouds(60, 8, 4)]) {
      const rows = rowsOf(labelled)
      const { head, converged, relativeGradient } = fitFinal({ kind: 'final', rows, strength: 0.01 })
      assert.equal(converged, true)
      assert.ok(relativeGradient <= 1e-7)
      const standardization = standardizationOf(labelled.features, labelled.weights)
      const objective = logisticObjective({ ...labelled, features: standardize(labelled.features, standardization) }, 0.01)
      const scale = gradientNorm(objective, new Float64Array(objective.size))
      assert.ok(gradientNorm(objective, standardizedParameters(head, standardization)) < 1e-5 * scale)
    }
    const { labels, classes, weights } = clouds(4, 2, 2)
    const constant = new HeadProblem({ features: matrixOf([[1, 2], [1, 2], [1, 2], [1, 2]]), labels, classes, weights })
    assert.equal(constant.fit(0.1, 1e-9).converged, true)
    assert.equal(new HeadProblem(clouds(20, 60, 4)).fit(0.01, 0).converged, false)
  })

  test('gives the same head whatever the order of the rows', () => {
    const labelled = clouds(24, 40, 3)
    const order = Array.from({ length: 24 }, (_, row) => (row * 7) % 24)
    const shuffled = {
      features: selectRows(labelled.features, order),
      labels: order.map((row) => labelled.labels[row] ?? 0),
      weights: Float64Array.from(order, (row) => labelled.weights[row] ?? 0),
      classes: 3
    }
    const [one, other] = [labelled, shuffled].map((rows) => fitFinal({ kind: 'final', rows: rowsOf(rows), strength: 0.01 }).head)
    near(one?.weights.data ?? [], other?.weights.data ?? [], 1e-6)
  })

  test('counts a row of weight 2 as two rows', () => {
    const labelled = clouds(12, 5, 3)
    const twice = Array.from({ length: 12 }, (_, row) => row % 3 === 0 ? [row, row] : [row]).flat()
    const repeated = {
      features: selectRows(labelled.features, twice),
      labels: twice.map((row) => labelled.labels[row] ?? 0),
      weights: new Float64Array(twice.length).fill(1),
      classes: 3
    }
    const [one, other] = [labelled, repeated].map((rows) => fitFinal({ kind: 'final', rows: rowsOf(rows), strength: 0.05 }).head)
    near(one?.weights.data ?? [], other?.weights.data ?? [], 1e-5)
  })
})

suite('the span of rows', () => {
  test('keeps products, drops what depends on others, and gives weights back', () => {
    const { features } = clouds(6, 30, 2)
    const rows = selectRows(features, [0, 1, 2, 3, 4, 5, 2, 0])
    const { coordinates, expand } = spanOf(rows)
    assert.deepEqual([coordinates.rows, coordinates.columns], [8, 6])
    near(timesTransposed(coordinates, coordinates).data, timesTransposed(rows, rows).data, 1e-8)
    const random = new Random(3)
    const weights = { rows: 2, columns: 6, data: new Float64Array(12).map(() => random.normal()) }
    const expanded = expand(weights)
    near(timesTransposed(rows, expanded).data, timesTransposed(coordinates, weights).data, 1e-8)
    near([norm(expanded.data)], [norm(weights.data)], 1e-8)
  })
})

function gradientNorm (objective: ReturnType<typeof logisticObjective>, parameters: Float64Array): number {
  const gradient = new Float64Array(objective.size)
  objective.evaluate(parameters, gradient)
  return norm(gradient)
}

/** The parameters for standardized features that are the same as a head for the features themselves. */
function standardizedParameters ({ weights, bias }: Linear, { mean, deviation }: ReturnType<typeof standardizationOf>): Float64Array {
  const scaled = weights.data.map((value, index) => value * (deviation[index % weights.columns] ?? 1))
  const shifted = bias.map((value, row) => value + rowOf(weights, row).reduce((sum, one, column) => sum + one * (mean[column] ?? 0), 0))
  return Float64Array.from([...scaled, ...shifted])
}
