import assert from 'node:assert/strict'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { test } from 'node:test'
import { FormReader } from '../../src/routes/form.js'

const LIMITS = { maxImageBytes: 1e6, maxImagesPerRequest: 32, maxRequestBytes: 1e7 }

test('parts that are no form data are passed over, whatever their size and however they arrive', { timeout: 60_000 }, async () => {
  for (const size of [100, 16_384, 20_000, 100_000]) {
    const part = (disposition: string): string => `--x\r\ncontent-disposition: ${disposition}\r\n\r\n${'a'.repeat(size)}\r\n`
    const skipped = part('attachment')
    const body = Buffer.from(`${skipped}${skipped}${part('form-data; name="a"; filename="a"')}${skipped}${skipped}--x--\r\n`)
    for (const pieceBytes of [1000, 65_536, body.length]) {
      const reader = new FormReader('multipart/form-data; boundary=x', LIMITS)
      for (let start = 0; start < body.length; start += pieceBytes) {
        reader.push(body.subarray(start, start + pieceBytes))
        await nextTurn()
      }
      const files = await reader.end()
      assert.deepEqual(files.map((file) => file instanceof Uint8Array && file.length), [size])
    }
  }
})

test('a form whose boundary is empty ends, however long its end is in coming', { timeout: 60_000 }, async () => {
  const reader = new FormReader('multipart/form-data;boundary=;charset=utf-8', LIMITS)
  reader.push(Buffer.from('------x\r\ncontent-disposition: form-data\r\n\r\nabc\r\n------x--\r\n'))
  for (let turn = 0; turn < 10; turn++) await nextTurn()
  assert.deepEqual(await reader.end(), [])
})
