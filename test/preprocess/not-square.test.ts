import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { InputSpec } from '../../src/model/input.js'
import { planGeometry, seenBox } from '../../src/preprocess/geometry.js'

const INPUT: InputSpec = { size: 72, width: 96, channels: 3, fit: 'fill', cropFraction: 0.75, kernel: 'linear' }
const CROP: InputSpec = { ...INPUT, fit: 'crop' }

suite('an input of 72 rows and 96 columns', () => {
  test('takes a picture of its size as it is, and not one that lies on its side', () => {
    assert.deepEqual(planGeometry({ width: 96, height: 72 }, false, INPUT), {})
    assert.deepEqual(planGeometry({ width: 72, height: 96 }, false, INPUT), { resize: { width: 96, height: 72 } })
  })

  test('crops by the side that is shorter for it', () => {
    assert.deepEqual(planGeometry({ width: 1280, height: 960 }, false, CROP), {
      resize: { width: 128, height: 96 }, crop: { left: 16, top: 12, width: 96, height: 72 }
    })
    assert.deepEqual(planGeometry({ width: 1280, height: 1280 }, false, CROP), {
      resize: { width: 128, height: 128 }, crop: { left: 16, top: 28, width: 96, height: 72 }
    })
  })

  test('sees three quarters of the sides of its own ratio', () => {
    const picture = { width: 1280, height: 960 }
    assert.deepEqual(seenBox(picture, picture, CROP), { left: 160, top: 120, width: 960, height: 720 })
    assert.deepEqual(seenBox({ width: 640, height: 640 }, { width: 640, height: 640 }, INPUT), { left: 0, top: 0, width: 640, height: 640 })
  })
})
