import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { crossValidate, STRENGTHS } from '../../../src/train/head/cross-validation.js'
import { fitFold, meanLoss } from '../../../src/train/head/fit-jobs.js'
import { rowOf } from '../../../src/train/head/matrix.js'
import { balancedWeights, rowsOf as selected } from '../../../src/train/head/rows.js'
import { temperatureOf } from '../../../src/train/head/temperature.js'
import { Random } from '../../../src/base/random.js'
import { clouds, rowsOf } from './problems.js'

suite('cross-validation', () => {
  test('judges each picture by a fit without it, and takes the strength of the least loss', async () => {
    const rows = rowsOf(clouds(60, 20, 3))
    const foldOf = Uint8Array.from({ length: 60 }, (_, picture) => Math.floor(picture / 3) % 4)
    let steps = 0
    const found = await crossValidate(rows, { foldOf, folds: 4, threads: 2, onTried: () => { steps++ } })
    assert.equal(steps, 4 * STRENGTHS.length)
    assert.equal(found.strength, [...found.tried].sort((left, right) => left.loss - right.loss)[0]?.strength)
    assert.ok(found.tried.some(({ accuracy }) => accuracy > 0.8))
    const pictures = Array.from({ length: 60 }, (_, picture) => picture)
    const judged = pictures.filter((picture) => foldOf[picture] === 1)
    const fold = fitFold({
      kind: 'fold', rows, judged, fitted: pictures.filter((picture) => foldOf[picture] !== 1), strengths: STRENGTHS
    }, () => {})
    const { logits } = fold.tried[STRENGTHS.indexOf(found.strength)] ?? assert.fail()
    judged.forEach((picture, index) => { assert.deepEqual(rowOf(found.logits, picture), rowOf(logits, index)) })
    assert.deepEqual(await crossValidate(rows, { foldOf, folds: 4, threads: 1 }), found)
  })

  test('fits to variants and judges by the pictures as they are', () => {
    const { features, labels } = clouds(12, 5, 3)
    const all = rowsOf({ features, labels, classes: 3, weights: new Float64Array(12).fill(1) })
    const rows = { ...all, pictures: 6, labels: Uint32Array.from([0, 1, 2, 0, 1, 2]) }
    const fitted = selected(rows, [0, 4], { variants: true })
    assert.deepEqual([...fitted.weights], [0.5, 0.5, 0.5, 0.5])
    assert.deepEqual([0, 1, 2, 3].map((row) => rowOf(fitted.features, row)[0]), [0, 4, 6, 10].map((row) => rowOf(features, row)[0]))
    assert.deepEqual(Array.from(fitted.labels), [0, 1, 0, 1])
    assert.equal(selected(rows, [0, 4], { variants: false }).features.rows, 2)
  })

  test('balanced weights make all classes count the same', () => {
    const weights = [...balancedWeights(Uint32Array.from([0, 0, 0, 1]), 2)]
    assert.deepEqual(weights.map((weight) => Number(weight.toFixed(6))), [0.666667, 0.666667, 0.666667, 2])
  })
})

suite('temperature', () => {
  /** Labels drawn by the probabilities of the logits, which are then `sharper` times as large. */
  function drawn (sharper: number): Parameters<typeof temperatureOf>[0] {
    const random = new Random(2)
    const [rows, columns] = [2000, 3]
    const data = new Float64Array(rows * columns).map(() => random.normal(1.5))
    const labels = Array.from({ length: rows }, (_, row) => {
      const odds = [...data.subarray(row * columns, (row + 1) * columns)].map(Math.exp)
      let left = random.uniform(0, odds.reduce((sum, one) => sum + one, 0))
      return odds.findIndex((one) => { left -= one; return left < 0 })
    })
    return { logits: { rows, columns, data: data.map((value) => value * sharper) }, labels, weights: new Float64Array(rows).fill(1) }
  }

  test('takes back what makes probabilities too sure or not sure enough', () => {
    for (const sharper of [3, 0.4]) assert.ok(Math.abs(temperatureOf(drawn(sharper)) / sharper - 1) < 0.1)
  })

  test('is 1 where there is nothing to judge by or it does not help', () => {
    const { labels, logits, weights } = drawn(1)
    const first = { rows: 1, columns: 3, data: logits.data.subarray(0, 3) }
    assert.equal(temperatureOf({ labels: [0], weights: weights.subarray(0, 1), logits: first }), 1)
    const even = { rows: 2000, columns: 3, data: new Float64Array(6000) }
    assert.equal(temperatureOf({ labels, weights, logits: even }), 1)
    assert.ok(Math.abs(meanLoss(even, labels, weights) - Math.log(3)) < 1e-12)
  })
})
