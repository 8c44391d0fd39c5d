import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { largerInput, variantOf } from '../../../src/train/head/augment.js'

const INPUT = { size: 14, channels: 3, fit: 'fill', cropFraction: 1, kernel: 'linear' } as const
const LARGER = largerInput(INPUT).size
/** Red is the column, green the row, blue nothing. */
const PIXELS = Uint8Array.from({ length: LARGER * LARGER * 3 }, (_, index) => {
  const pixel = Math.floor(index / 3)
  return [pixel % LARGER, Math.floor(pixel / LARGER), 0][index % 3] ?? 0
})

suite('variants of a picture', () => {
  test('are parts of it, mirrored or not, decided by its content and their number', () => {
    assert.equal(LARGER, 16)
    const seen = new Set<string>()
    for (let variant = 1; variant <= 40; variant++) {
      const found = variantOf(PIXELS, INPUT, 'abcdef0123', variant)
      const [left = 0, top = 0] = found
      const isMirrored = (found[3] ?? 0) < left
      if (variant === 1) assert.equal(isMirrored, true)
      const expected = Uint8Array.from(found, (_, index) => {
        const pixel = Math.floor(index / 3)
        return [left + (isMirrored ? -1 : 1) * (pixel % 14), top + Math.floor(pixel / 14), 0][index % 3] ?? 0
      })
      assert.deepEqual(found, expected)
      assert.deepEqual(found, variantOf(PIXELS, INPUT, 'abcdef0123', variant))
      assert.deepEqual(variantOf(Float32Array.from(PIXELS), INPUT, 'abcdef0123', variant), Float32Array.from(found))
      seen.add(`${left} ${top} ${isMirrored}`)
    }
    assert.ok(seen.size > 10)
    assert.notDeepEqual([1, 2, 3, 4].map((variant) => variantOf(PIXELS, INPUT, '1bcdef0123', variant)),
      [1, 2, 3, 4].map((variant) => variantOf(PIXELS, INPUT, 'abcdef0123', variant)))
  })
})
