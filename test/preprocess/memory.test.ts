import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

import { configureDecoding } from '../../src/preprocess/index.js'
import { FILL, gradient, LIMITS, toSharp, toPixels } from './pictures.js'

const upload = await toSharp(gradient(300, 200)).jpeg().toBuffer()
const input = { ...FILL, size: 1000 }
const IMAGES = 100
/** What one decoded image takes. */
const IMAGE_BYTES = input.size ** 2 * 3

configureDecoding({ threads: 1 })
setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

suite('memory', () => {
  test('a decoded image that nobody holds is freed, outside of the JavaScript heap too', async () => {
    await decode(10)
    const before = process.memoryUsage.rss()
    await decode(IMAGES)
    assert.ok(process.memoryUsage.rss() - before < IMAGES * IMAGE_BYTES / 4)
  })
})

async function decode (images: number): Promise<void> {
  for (let image = 0; image < images; image++) {
    await toPixels(upload, input, LIMITS)
    collectGarbage()
  }
}
