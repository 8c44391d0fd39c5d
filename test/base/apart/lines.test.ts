import assert from 'node:assert/strict'
import { once } from 'node:events'
import { PassThrough } from 'node:stream'
import { test } from 'node:test'
import { eachLine } from '../../../src/base/apart/lines.js'

async function linesOf (...chunks: Array<string | Uint8Array>): Promise<string[]> {
  const stream = new PassThrough()
  const lines: string[] = []
  eachLine(stream, (line) => { lines.push(line) })
  for (const chunk of chunks) stream.write(chunk)
  stream.end()
  await once(stream, 'end')
  return lines
}

test('lines are put together from pieces, of characters too', async () => {
  const [left, right] = [Buffer.from('ä\r\n').subarray(0, 1), Buffer.from('ä\r\n').subarray(1)]
  assert.deepEqual(await linesOf('one\ntw', 'o\n\n', left, right, 'last'), ['one', 'two', '', 'ä', 'last'])
})

test('a line without an end is handed over in pieces', async () => {
  const lines = await linesOf(...Array.from({ length: 10 }, () => 'x'.repeat(50_000)), '\nnext\n')
  assert.equal(lines.pop(), 'next')
  assert.equal(lines.join('').length, 500_000)
  assert.ok(lines.every(({ length }) => length <= 100_000))
})
