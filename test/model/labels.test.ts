import assert from 'node:assert/strict'
import test from 'node:test'
import { Random } from '../../src/base/random.js'
import { numberedLabels, topK } from '../../src/model/labels.js'

function classesOf (probabilities: readonly number[], k: number): number[] {
  return topK(Float32Array.from(probabilities), numberedLabels(probabilities.length), k).map(({ classId }) => classId)
}

test('the most probable classes come first, equal ones in the order of their index', () => {
  assert.deepEqual(classesOf([0.1, 0.4, 0.2, 0.3], 2), [1, 3])
  assert.deepEqual(classesOf([0.25, 0.5, 0.25, 0.25], 3), [1, 0, 2])
  assert.deepEqual(classesOf([0, 0, 0, 0], 2), [0, 1])
})

test('there are as many as there are classes at most', () => {
  assert.deepEqual(classesOf([0.3, 0.7], 5), [1, 0])
  assert.deepEqual(classesOf([0.3, 0.7], 2), [1, 0])
})

test('what is no number does not hide the others', () => {
  assert.equal(classesOf([NaN, NaN, 0.5], 2).length, 2)
})

test('they are those that a full sort puts first, of few and of many classes', () => {
  const random = new Random(1)
  for (const [classes, k] of [[10, 1], [1000, 5], [1000, 300], [1001, 1001]] as const) {
    // Few different ones, so that many are equal.
    const probabilities = Array.from({ length: classes }, () => Math.fround(Math.floor(random.uniform(0, 100)) / 100))
    const sorted = [...probabilities.keys()].sort((left, right) => (
      (probabilities[right] ?? NaN) - (probabilities[left] ?? NaN) || left - right
    ))
    assert.deepEqual(classesOf(probabilities, k), sorted.slice(0, k))
  }
})
