import assert from 'node:assert/strict'
import { test } from 'node:test'
import { median, quantile, spread, summarize } from '../../src/base/statistics.js'

test('quantiles lie between the nearest of the values, in the order of numbers', () => {
  const values = [10, 9, 100, 1]
  assert.equal(quantile(values, 0), 1)
  assert.equal(quantile(values, 1), 100)
  assert.equal(median(values), 9.5)
  assert.equal(quantile(values, 0.25), 7)
  assert.deepEqual(values, [10, 9, 100, 1])
})

test('a summary has the median and the quartiles', () => {
  assert.deepEqual(summarize([4, 2, 3, 1, 5]), { median: 3, quartiles: [2, 4], count: 5 })
  assert.equal(spread({ median: 3, quartiles: [2, 4], count: 5 }, 1), '3.0 (2.0-4.0)')
})
