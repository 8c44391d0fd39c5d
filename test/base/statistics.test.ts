import assert from 'node:assert/strict'
import { test } from 'node:test'
import { median, quantile } from '../../src/base/statistics.js'

test('quantiles lie between the nearest of the values, in the order of numbers', () => {
  const values = [10, 9, 100, 1]
  assert.equal(quantile(values, 0), 1)
  assert.equal(quantile(values, 1), 100)
  assert.equal(median(values), 9.5)
  assert.equal(quantile(values, 0.25), 7)
  assert.deepEqual(values, [10, 9, 100, 1])
})
