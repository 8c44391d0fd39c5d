import assert from 'node:assert/strict'
import { test } from 'node:test'
import { JudgedByContent } from '../../src/routes/judged-by-content.js'

const LIMITS = { maxImageBytes: 1000, maxImagesPerRequest: 4, maxRequestBytes: 1000 }

async function read (body: Buffer, pieceBytes: number): Promise<unknown> {
  const reader = new JudgedByContent(LIMITS, undefined)
  for (let start = 0; start < body.length; start += pieceBytes) reader.push(body.subarray(start, start + pieceBytes))
  return (await reader.end()).map((upload) => upload instanceof Uint8Array ? Buffer.from(upload).toString('latin1') : upload)
}

test('what begins like a JSON object is JSON, and all else a picture, in pieces of any length', async () => {
  const bodies: ReadonlyArray<readonly [body: string, expected: readonly string[]]> = [
    ['{"images":["AAEC"]}', ['\x00\x01\x02']],
    ['\xef\xbb\xbf \r\n{"images":[]}', []],
    ['', []],
    ['\xef\xbb', ['\xef\xbb']],
    ['\xef{}', ['\xef{}']],
    [' \xff\xd8', [' \xff\xd8']],
    [' '.repeat(100) + '{', [' '.repeat(100) + '{']]
  ]
  for (const [body, expected] of bodies) {
    for (const pieceBytes of [1, 2, 100]) assert.deepEqual(await read(Buffer.from(body, 'latin1'), pieceBytes), expected)
  }
})
