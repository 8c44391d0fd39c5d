import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { evaluate } from '../../../src/train/report/index.js'
import { mistakesOf } from '../../../src/train/report/report.js'

const CLASSES = ['ant', 'bee', 'cat', 'dog']
const JUDGEMENTS = [
  { probabilities: Float64Array.of(0.7, 0.2, 0.1, 0), label: 0 },
  { probabilities: Float64Array.of(0.72, 0.18, 0.1, 0), label: 1 },
  { probabilities: Float64Array.of(0.1, 0.55, 0.35, 0), label: 1 },
  { probabilities: Float64Array.of(0.5, 0.4, 0.1, 0), label: 2 },
  { probabilities: Float64Array.of(0, 0, 1, 0), label: 2 }
]

suite('an evaluation', () => {
  const found = evaluate(JUDGEMENTS, CLASSES)

  test('counts what is right, first and among the first', () => {
    assert.equal(found.accuracy, 3 / 5)
    assert.equal(found.balancedAccuracy, (1 + 1 / 2 + 1 / 2) / 3)
    assert.deepEqual(found.topK, [{ k: 2, accuracy: 4 / 5 }, { k: 3, accuracy: 1 }])
    assert.ok(Math.abs(found.loss - -(Math.log(0.7) + Math.log(0.18) + Math.log(0.55) + Math.log(0.1)) / 5) < 1e-12)
  })

  test('has precision, recall and confusion by class', () => {
    assert.deepEqual(found.confusion, [[1, 0, 0, 0], [1, 1, 0, 0], [1, 0, 1, 0], [0, 0, 0, 0]])
    assert.deepEqual(found.classes, [
      { name: 'ant', pictures: 1, precision: 1 / 3, recall: 1 },
      { name: 'bee', pictures: 2, precision: 1, recall: 1 / 2 },
      { name: 'cat', pictures: 2, precision: 1, recall: 1 / 2 },
      { name: 'dog', pictures: 0, precision: null, recall: null }
    ])
  })

  test('compares confidence with accuracy', () => {
    const full = found.reliability.filter(({ pictures }) => pictures > 0).map(({ from, pictures, accuracy }) => [from, pictures, accuracy])
    assert.deepEqual(full, [[0.5, 2, 0.5], [0.7, 2, 0.5], [0.9, 1, 1]])
    // Two pictures 0.025 off, two 0.21 off, one right.
    assert.ok(Math.abs(found.expectedCalibrationError - (2 * 0.025 + 2 * 0.21) / 5) < 1e-12)
  })

  test('names the most confident mistakes first', () => {
    const paths = ['0', '1', '2', '3', '4']
    assert.deepEqual(mistakesOf(JUDGEMENTS, paths, CLASSES), [
      { path: '1', label: 'bee', predicted: 'ant', confidence: 0.72, probability: 0.18 },
      { path: '3', label: 'cat', predicted: 'ant', confidence: 0.5, probability: 0.1 }
    ])
  })
})
