import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { deflateSync, gzipSync } from 'node:zlib'
import { ServiceError } from '../../src/base/errors.js'
import { contentEncoding, InflatingReader } from '../../src/routes/inflating-reader.js'

/** Collects what it is given. */
class Collector {
  readonly found = 0
  readonly pieces: Buffer[] = []
  push (piece: Buffer): void { this.pieces.push(Buffer.from(piece)) }
  end (): Buffer { return Buffer.concat(this.pieces) }
}

async function inflate (bytes: Uint8Array, encoding: 'gzip' | 'deflate', count: (bytes: number) => void = () => {}): Promise<Buffer> {
  const reader = new InflatingReader(encoding, new Collector(), count)
  for (let start = 0; start < bytes.length; start += 1000) reader.push(Buffer.from(bytes.subarray(start, start + 1000)))
  return await reader.end()
}

suite('a compressed body', () => {
  const body = Buffer.from(Array.from({ length: 300_000 }, (_, index) => index * index % 251))

  test('is handed on as it was', async () => {
    assert.deepEqual(await inflate(gzipSync(body), 'gzip'), body)
    assert.deepEqual(await inflate(deflateSync(body), 'deflate'), body)
    assert.deepEqual(await inflate(gzipSync(''), 'gzip'), Buffer.alloc(0))
  })

  test('is no bomb: what is too much is neither made nor handed on', async () => {
    let counted = 0
    const refusal = new ServiceError('request_too_large', 'too much')
    const bomb = gzipSync(Buffer.alloc(100_000_000))
    await assert.rejects(inflate(bomb, 'gzip', (bytes) => {
      counted += bytes
      if (counted > 1_000_000) throw refusal
    }), refusal)
    assert.ok(counted < 2_000_000, String(counted))
  })

  test('is refused if it is broken or cut off', async () => {
    for (const bytes of [Buffer.from('no gzip'), gzipSync(body).subarray(0, 500), Buffer.alloc(0)]) {
      await assert.rejects(inflate(bytes, 'gzip'), { code: 'malformed_body' })
    }
  })

  test('names one encoding that is known', () => {
    for (const header of [undefined, '', 'identity']) assert.equal(contentEncoding(header), undefined)
    assert.deepEqual(['GZIP', ' deflate '].map(contentEncoding), ['gzip', 'deflate'])
    for (const header of ['br', 'gzip, gzip', 'x']) {
      assert.throws(() => contentEncoding(header), { code: 'unsupported_content_encoding' })
    }
  })
})
