import assert from 'node:assert/strict'
import { test } from 'node:test'
import { shortened } from '../../src/base/float32.js'
import { Random } from '../../src/base/random.js'

test('a shortened number means the same float32 with at most nine digits', () => {
  const random = new Random(1)
  const numbers = Array.from({ length: 20_000 }, () => Math.fround(random.normal() * 10 ** random.uniform(-40, 38)))
  for (const number of [...numbers, 0, 1, -1, 0.1, 1e-6, 16_777_217, 3.4028234663852886e38, 1e-45].map(Math.fround)) {
    const short = shortened(number)
    assert.equal(Math.fround(short) + 0, number + 0)
    const [digits = ''] = String(short).split('e')
    assert.ok(digits.replace(/^-?[0.]*|\./g, '').replace(/0+$/, '').length <= 9, String(short))
  }
})

test('what seven digits tell has no more', () => {
  for (const number of [0.1, 0.25, -12.5, 1234.567, 1e-7, 3e-20]) assert.equal(shortened(Math.fround(number)), number)
})

test('what is no number stays so', () => {
  for (const number of [NaN, Infinity, -Infinity]) assert.equal(shortened(number), number)
})
