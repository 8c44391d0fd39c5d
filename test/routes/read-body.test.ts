import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, suite, test } from 'node:test'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import { contentEncodings } from '../../src/routes/content-encodings.js'
import { requestTooLarge } from '../../src/base/sentences.js'
import { readBody } from '../../src/routes/read-body.js'
import { ByteBudget } from '../../src/intake/byte-budget.js'

const MIB = 2 ** 20
const MAX_BYTES = 4 * MIB

/** Counts what it is given. */
class Counter {
  found = 0
  bytes = 0
  push (piece: Buffer): void { this.bytes += piece.length }
  end (): number { return this.bytes }
}

suite('a compressed body is counted as what it holds, of each of its encodings', () => {
  let most = 0
  let budget = new ByteBudget(0)
  const server = createServer(async (request, reply) => {
    const claim = budget.claim(0)
    const { signal } = new AbortController()
    const options = { maxBytes: MAX_BYTES, tooLarge: () => requestTooLarge(MAX_BYTES), claim, signal }
    const encodings = contentEncodings(request.headers['content-encoding'])
    const reading = readBody(request, reply, options, encodings, new Counter())
    const answer = await reading.catch((error: { code: string }) => error.code)
    claim.release()
    reply.end(String(answer))
  })
  before(async () => { await once(server.listen(0, '127.0.0.1'), 'listening') })
  after(() => { server.close() })

  async function send (body: Uint8Array, encoding: string, size: number): Promise<string> {
    most = 0
    budget = new ByteBudget(size, (taken) => { most = Math.max(most, taken) })
    const { port } = server.address() as AddressInfo
    const headers = { 'content-encoding': encoding }
    return await (await fetch(`http://127.0.0.1:${port}`, { method: 'POST', body: new Uint8Array(body), headers })).text()
  }

  const zeros = Buffer.alloc(3 * MIB)

  test('by the budget', async () => {
    assert.equal(await send(gzipSync(zeros), 'gzip', 8 * MIB), String(zeros.length))
    assert.ok(most >= zeros.length, String(most))
    assert.equal(await send(gzipSync(zeros), 'gzip', 2 * MIB), 'overloaded')
    assert.equal(await send(gzipSync(gzipSync(zeros, { level: 0 })), 'gzip, gzip', 5 * MIB), 'overloaded')
    // With what the decoder keeps of what it has made.
    assert.equal(await send(brotliCompressSync(Buffer.alloc(10)), 'br', 8 * MIB), 'overloaded')
    assert.equal(await send(brotliCompressSync(Buffer.alloc(10)), 'br', 32 * MIB), '10')
  })

  test('by the most that a request may have', async () => {
    const large = Buffer.alloc(5 * MIB)
    for (const [body, encoding] of [
      [gzipSync(large), 'gzip'], [brotliCompressSync(large), 'br'], [gzipSync(gzipSync(large)), 'gzip, gzip'],
      [gzipSync(gzipSync(gzipSync(large, { level: 0 }))), 'gzip, gzip, gzip']
    ] as const) assert.equal(await send(body, encoding, 100 * MIB), 'request_too_large')
  })
})
