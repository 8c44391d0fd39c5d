import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import * as zlib from 'node:zlib'
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib'
import { ServiceError } from '../../src/base/errors.js'
import { contentEncodings } from '../../src/routes/content-encodings.js'
import { InflatingReader } from '../../src/routes/inflating-reader.js'

const { zstdCompressSync } = zlib as { zstdCompressSync?: (bytes: Uint8Array) => Buffer }

/** Collects what it is given. */
class Collector {
  readonly found = 0
  readonly pieces: Buffer[] = []
  push (piece: Buffer): void { this.pieces.push(Buffer.from(piece)) }
  end (): Buffer { return Buffer.concat(this.pieces) }
}

async function inflate (bytes: Uint8Array, header: string, count: (bytes: number) => void = () => {}): Promise<Buffer> {
  const [encoding] = contentEncodings(header)
  const reader = new InflatingReader(encoding ?? assert.fail(), new Collector(), count)
  for (let start = 0; start < bytes.length; start += 1000) reader.push(Buffer.from(bytes.subarray(start, start + 1000)))
  return await reader.end()
}

suite('a compressed body', () => {
  const body = Buffer.from(Array.from({ length: 300_000 }, (_, index) => index * index % 251))

  test('is handed on as it was', async () => {
    for (const name of ['gzip', 'x-gzip']) assert.deepEqual(await inflate(gzipSync(body), name), body)
    for (const bytes of [deflateSync(body), deflateRawSync(body), deflateRawSync(body, { level: 0 })]) {
      assert.deepEqual(await inflate(bytes, 'deflate'), body)
    }
    assert.deepEqual(await inflate(brotliCompressSync(body), 'br'), body)
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

  test('of zstd is the same where Node has it, and a cut one is refused, which Node does not', async () => {
    if (zstdCompressSync === undefined) {
      return await assert.rejects(inflate(body, 'zstd'), { code: 'unsupported_content_encoding' })
    }
    const whole = zstdCompressSync(body)
    assert.deepEqual(await inflate(whole, 'zstd'), body)
    for (const length of [0, 3, 10, whole.length / 2, whole.length - 1]) {
      await assert.rejects(inflate(whole.subarray(0, length), 'zstd'), { code: 'malformed_body' }, String(length))
    }
    await assert.rejects(inflate(Buffer.concat([whole, Buffer.alloc(1)]), 'zstd'), { code: 'malformed_body' })
  })

  test('names encodings that are known, in the order in which they were applied', () => {
    for (const header of [undefined, '', 'identity', ' , identity']) assert.deepEqual(contentEncodings(header), [])
    const [deflate, gzip] = contentEncodings(' Deflate ,X-GZIP')
    assert.deepEqual([deflate, gzip], [...contentEncodings('deflate'), ...contentEncodings('gzip')])
    for (const header of ['compress', 'x', 'gzip, x', 'gzip, gzip, gzip, gzip']) {
      assert.throws(() => contentEncodings(header), { code: 'unsupported_content_encoding' })
    }
  })
})
