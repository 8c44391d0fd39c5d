import assert from 'node:assert/strict'
import { test } from 'node:test'
import { spread, summarize } from '../../../bench/report/summary.js'

test('a summary has the median and the quartiles', () => {
  assert.deepEqual(summarize([4, 2, 3, 1, 5]), { median: 3, quartiles: [2, 4], count: 5 })
  assert.equal(spread({ median: 3, quartiles: [2, 4], count: 5 }, 1), '3.0 (2.0-4.0)')
})
