import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, test, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { download, type DownloadOptions } from '../../src/model/download.js'

const FILE = randomBytes(300_000)
const SHA256 = createHash('sha256').update(FILE).digest('hex')

interface Mirror { readonly url: string, readonly requests: IncomingMessage[] }

async function serve (t: TestContext, answer: (request: number, ...args: Parameters<RequestListener>) => void): Promise<Mirror> {
  const requests: IncomingMessage[] = []
  const server = createServer((request, response) => {
    requests.push(request)
    answer(requests.length, request, response)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/weights.h5`, requests }
}

/** Answers as a server that knows ranges does, and breaks off after `most` bytes. */
function send (request: IncomingMessage, response: Parameters<RequestListener>[1], { file = FILE, most = Infinity } = {}): void {
  const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0)
  const part = file.subarray(start)
  response.writeHead(start > 0 ? 206 : 200, { 'content-length': part.length, ...start > 0 ? { 'content-range': `bytes ${start}-${file.length - 1}/${file.length}` } : {} })
  if (most >= part.length) response.end(part)
  else response.write(part.subarray(0, most), () => setTimeout(() => { response.destroy() }, 20))
}

function target (t: TestContext): { folder: string, path: string } {
  const folder = mkdtempSync(join(tmpdir(), 'xception-download-'))
  t.after(() => { rmSync(folder, { recursive: true }) })
  return { folder, path: join(folder, 'below/weights.h5') }
}

function get (url: string, path: string, more: Partial<DownloadOptions> = {}): Promise<void> {
  return download({ url, sha256: SHA256, path, maxBytes: 1_000_000, retryDelayMs: 1, idleTimeoutMs: 200, ...more })
}

function assertWhole (path: string): void {
  assert.deepEqual(readFileSync(path), FILE)
  assert.deepEqual(readdirSync(join(path, '..')), ['weights.h5'], 'nothing else stays behind')
}

suite('a download arrives whole', () => {
  test('and is not repeated', async (t) => {
    const { url, requests } = await serve(t, (_count, request, response) => { send(request, response) })
    const { path } = target(t)
    const seen: number[] = []
    await get(url, path, { onProgress: ({ receivedBytes, totalBytes }) => { seen.push(receivedBytes / (totalBytes ?? NaN)) } })
    assert.equal(seen.at(-1), 1)
    await get(url, path)
    assertWhole(path)
    assert.equal(requests.length, 1)
  })

  test('over a connection that breaks again and again, from where it broke', async (t) => {
    const { url, requests } = await serve(t, (_count, request, response) => { send(request, response, { most: 40_000 }) })
    const { path } = target(t)
    await get(url, path)
    assertWhole(path)
    assert.deepEqual(requests.map(({ headers }) => headers.range), [undefined, ...[40, 80, 120, 160, 200, 240, 280].map((kilo) => `bytes=${kilo}000-`)])
  })

  test('from a server that knows no ranges', async (t) => {
    const { url } = await serve(t, (count, _request, response) => {
      response.writeHead(200, { 'content-length': FILE.length })
      if (count === 1) response.write(FILE.subarray(0, 1000), () => setTimeout(() => { response.destroy() }, 20))
      else response.end(FILE)
    })
    const { path } = target(t)
    await get(url, path)
    assertWhole(path)
  })

  test('after the server was busy, stalled and refused the range', async (t) => {
    const { url } = await serve(t, (count, request, response) => {
      if (count === 1) response.writeHead(503, { 'retry-after': '0' }).end()
      else if (count === 2) response.writeHead(200, { 'content-length': FILE.length }).write(FILE.subarray(0, 1000))
      else if (count === 3) response.writeHead(416).end()
      else send(request, response)
    })
    const { path } = target(t)
    await get(url, path)
    assertWhole(path)
  })

  test('though the file changed on the server between two parts', async (t) => {
    const { url } = await serve(t, (count, request, response) => {
      if (count === 1) send(request, response, { file: randomBytes(FILE.length), most: 100_000 })
      else send(request, response)
    })
    const { path } = target(t)
    await get(url, path)
    assertWhole(path)
  })

  test('in place of a file with another content', async (t) => {
    const { url } = await serve(t, (_count, request, response) => { send(request, response) })
    const { folder } = target(t)
    const path = join(folder, 'weights.h5')
    writeFileSync(path, 'something else')
    await get(url, path)
    assertWhole(path)
  })

  test('once, though two processes want it', async (t) => {
    const { url, requests } = await serve(t, (_count, request, response) => { setTimeout(() => { send(request, response) }, 300) })
    const { path } = target(t)
    const script = fileURLToPath(new URL('../support/download-process.js', import.meta.url))
    const codes = await Promise.all([1, 2].map(async () => (await once(fork(script, [url, SHA256, path]), 'exit'))[0] as number))
    assert.deepEqual(codes, [0, 0])
    assertWhole(path)
    assert.equal(requests.length, 1)
  })
})

suite('a download that fails says why, where from, and where to put the file by hand', () => {
  const cases: Array<[name: string, reason: RegExp, more: Partial<DownloadOptions>, answer: RequestListener]> = [
    ['not found', /the server answered 404 Not Found/, {}, (_request, response) => { response.writeHead(404).end() }],
    ['another file', new RegExp(`its SHA-256 is [0-9a-f]{64}, and ${SHA256} is expected`), {}, (_request, response) => { response.end('another file') }],
    ['a file that claims too much', /larger than the 1000 bytes/, { maxBytes: 1000 }, (_request, response) => { response.writeHead(200, { 'content-length': 1e12 }).write('x') }],
    ['a file without end', /larger than the 100000 bytes/, { maxBytes: 100_000 }, (_request, response) => { response.write(FILE) }],
    ['a server that never sends anything', /nothing arrived for 20 ms/, { idleTimeoutMs: 20 }, () => {}],
    ['a server that is always busy', /the server answered 503/, {}, (_request, response) => { response.writeHead(503).end() }]
  ]
  for (const [name, reason, more, answer] of cases) {
    test(name, async (t) => {
      const { url } = await serve(t, (_count, request, response) => { answer(request, response) })
      const { path } = target(t)
      await assert.rejects(get(url, path, more), (error: Error) => {
        assert.match(error.message, reason)
        assert.ok(error.message.startsWith(`${url} cannot be downloaded: `) && error.message.includes(`put it at ${path}`), error.message)
        return true
      })
      assert.deepEqual(readdirSync(join(path, '..')).filter((file) => file === 'weights.h5'), [])
    })
  }

  test('nobody there', async (t) => {
    const { url } = await serve(t, () => {})
    const { path } = target(t)
    await assert.rejects(get(url.replace(/:\d+\//, ':9/'), path), /cannot be downloaded: .*(?:ECONNREFUSED|bad port)/)
  })
})
