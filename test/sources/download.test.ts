import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { suite, test, type TestContext } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { describeProgress } from '../../src/sources/download-progress.js'
import { download, type DownloadOptions } from '../../src/sources/download.js'
import { childOf } from '../support/child.js'
import { tempFolder } from '../support/temp-folder.js'
import { until } from '../support/until.js'

const PROCESS = fileURLToPath(new URL('../support/download-process.js', import.meta.url))
const FILE = randomBytes(300_000)
const OTHER = randomBytes(FILE.length)
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

interface Break {
  readonly file?: Buffer
  readonly most: number
  /** Where the client's file goes. */
  readonly path: string
}

/** Answers as a server that knows ranges does, and breaks off when `most` bytes of the answer are on the client's disk. */
function send (
  request: IncomingMessage,
  response: Parameters<RequestListener>[1],
  { file = FILE, most, path }: Break | { file?: Buffer, most?: never, path?: never } = {}
): void {
  const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0)
  const part = file.subarray(start)
  response.writeHead(start > 0 ? 206 : 200, {
    'content-length': part.length,
    ...start > 0 ? { 'content-range': `bytes ${start}-${file.length - 1}/${file.length}` } : {}
  })
  if (most === undefined || most >= part.length) {
    response.end(part)
    return
  }
  response.write(part.subarray(0, most))
  // What is on its way when a connection dies may be lost or not.
  const timer = setInterval(() => {
    if (storedBytes(path) < start + most) return
    clearInterval(timer)
    response.destroy()
  }, 5)
}

/** Size of the unfinished file. */
function storedBytes (path: string): number {
  const partial = readdirSync(join(path, '..')).find((name) => name.endsWith('.partial'))
  return partial === undefined ? 0 : statSync(join(path, '..', partial)).size
}

function target (t: TestContext): { folder: string, path: string } {
  const folder = tempFolder(t)
  return { folder, path: join(folder, 'below/weights.h5') }
}

function get (url: string, path: string, more: Partial<DownloadOptions> = {}): Promise<void> {
  return download({ url, sha256: SHA256, path, maxBytes: 1_000_000, retryDelayMs: 1, idleTimeoutMs: 5_000, ...more })
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
    const { path } = target(t)
    const { url, requests } = await serve(t, (_count, request, response) => { send(request, response, { most: 40_000, path }) })
    const told: string[] = []
    await get(url, path, { onProgress: (progress) => { if (progress.retry !== undefined) told.push(describeProgress(progress)) } })
    assertWhole(path)
    assert.equal(told.length, 7)
    assert.match(told[0] ?? '', /^downloading the model: 0\.0 MB, then .+; next try in 1 s$/)
    assert.deepEqual(
      requests.map(({ headers }) => headers.range),
      [undefined, ...[40, 80, 120, 160, 200, 240, 280].map((kilo) => `bytes=${kilo}000-`)]
    )
  })

  test('from a server that knows no ranges', async (t) => {
    const { url } = await serve(t, (count, _request, response) => {
      response.writeHead(200, { 'content-length': FILE.length })
      if (count === 1) response.write(FILE.subarray(0, 1000), () => { setTimeout(20).then(() => response.destroy(), () => {}) })
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
    await get(url, path, { idleTimeoutMs: 200 })
    assertWhole(path)
  })

  test('though the file changed on the server between two parts', async (t) => {
    const { path } = target(t)
    const { url, requests } = await serve(t, (count, request, response) => {
      if (count === 1) send(request, response, { file: randomBytes(FILE.length), most: 100_000, path })
      else send(request, response)
    })
    await get(url, path)
    assertWhole(path)
    assert.deepEqual(requests.map(({ headers }) => headers.range), [undefined, 'bytes=100000-', undefined])
  })

  test('though the server compresses it unasked, or sends another part than was asked for', async (t) => {
    const { path } = target(t)
    const { url } = await serve(t, (count, request, response) => {
      if (count === 1) send(request, response, { most: 100_000, path })
      else if (count === 2) response.writeHead(206, { 'content-range': `bytes 5-${FILE.length - 1}/${FILE.length}` }).end(FILE.subarray(5))
      else response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(FILE))
    })
    await get(url, path)
    assertWhole(path)
  })

  test('with credentials, which another host is not sent', async (t) => {
    const other = await serve(t, (_count, request, response) => { send(request, response) })
    const { url, requests } = await serve(t, (_count, _request, response) => { response.writeHead(302, { location: other.url }).end() })
    const { path } = target(t)
    await get(url.replace('//', '//user:p%40ss@'), path)
    assertWhole(path)
    assert.equal(requests[0]?.headers.authorization, `Basic ${Buffer.from('user:p@ss').toString('base64')}`)
    assert.equal(other.requests[0]?.headers.authorization, undefined)
  })

  test('from what a killed process left', async (t) => {
    const { path } = target(t)
    const { url, requests } = await serve(t, (count, request, response) => {
      if (count === 1) response.writeHead(200, { 'content-length': FILE.length }).write(FILE.subarray(0, 100_000))
      else send(request, response)
    })
    const child = childOf(t, fork(PROCESS, [url, SHA256, path]))
    await until('a part of the file', () => requests.length > 0 && storedBytes(path) >= 100_000)
    child.kill('SIGKILL')
    await once(child, 'exit')
    // A dead holder's lock is given up after 10 s without a sign of life.
    utimesSync(`${path}.lock`, 0, 0)
    await get(url, path)
    assertWhole(path)
    assert.equal(requests[1]?.headers.range, 'bytes=100000-')
  })

  test('under a lock that is taken again where it is lost', async (t) => {
    const { path } = target(t)
    const { url, requests } = await serve(t, (count, request, response) => {
      if (count === 1) response.writeHead(200, { 'content-length': FILE.length }).write(FILE.subarray(0, 100_000))
      else send(request, response)
    })
    let isLost = false
    const onProgress = (): void => {
      if (!isLost) rmSync(`${path}.lock`, { recursive: true })
      isLost = true
    }
    await get(url, path, { onProgress, idleTimeoutMs: 30_000 })
    assertWhole(path)
    assert.equal(requests.length, 2)
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
    const { url, requests } = await serve(t, (_count, request, response) => {
      setTimeout(300).then(() => { send(request, response) }, () => {})
    })
    const { path } = target(t)
    const processes = [1, 2].map(() => childOf(t, fork(PROCESS, [url, SHA256, path])))
    const codes = await Promise.all(processes.map(async (child) => (await once(child, 'exit'))[0] as number))
    assert.deepEqual(codes, [0, 0])
    assertWhole(path)
    assert.equal(requests.length, 1)
  })
})

suite('a download that fails says why, where from, and where to put the file by hand', () => {
  const cases: Array<[name: string, reason: RegExp, more: Partial<DownloadOptions>, answer: RequestListener]> = [
    ['not found', /the server answered 404 Not Found/, {}, (_request, response) => { response.writeHead(404).end() }],
    [
      'another file',
      new RegExp(`its SHA-256 is [0-9a-f]{64}, and ${SHA256} is expected`),
      {},
      (_request, response) => { response.end('another file') }
    ],
    [
      'a file that claims too much',
      /larger than the 1000 bytes/,
      { maxBytes: 1000 },
      (_request, response) => { response.writeHead(200, { 'content-length': 1e12 }).write('x') }
    ],
    ['a file without end', /larger than the 100000 bytes/, { maxBytes: 100_000 }, (_request, response) => { response.write(FILE) }],
    ['a server that never sends anything', /nothing arrived for 20 ms/, { idleTimeoutMs: 20 }, () => {}],
    [
      'a file for which the disk is too small',
      /the disk of .+ has \d+ MB left and it needs 1000000000000 MB\. Free some space/,
      { maxBytes: Infinity },
      (_request, response) => { response.writeHead(200, { 'content-length': 1e18 }).flushHeaders() }
    ],
    [
      'redirects without end',
      /redirect count exceeded/,
      {},
      (_request, response) => { response.writeHead(302, { location: '/weights.h5' }).end() }
    ],
    [
      'a server that is busy for long',
      /503 Service Unavailable, and to come back in 60 minutes/,
      {},
      (_request, response) => { response.writeHead(503, { 'retry-after': '3600' }).end() }
    ],
    [
      'a server that is busy until tomorrow',
      /503 Service Unavailable, and to come back in 1440 minutes/,
      {},
      (_request, response) => {
        response.writeHead(503, { 'retry-after': new Date(Date.now() + 86_400_000).toUTCString() }).end()
      }
    ],
    ['a server that is always busy', /the server answered 503/, {}, (_request, response) => { response.writeHead(503).end() }]
  ]
  for (const [name, reason, more, answer] of cases) {
    test(name, async (t) => {
      const { url } = await serve(t, (_count, request, response) => { answer(request, response) })
      const { path } = target(t)
      await assert.rejects(get(url, path, more), (error: Error) => {
        assert.match(error.message, reason)
        assert.ok(error.message.startsWith(`${url} cannot be downloaded: `), error.message)
        assert.match(error.message, /Free some space|put it at .*below\/weights\.h5/)
        return true
      })
      assert.deepEqual(readdirSync(join(path, '..')).filter((file) => file === 'weights.h5'), [])
    })
  }

  test('another file in parts, which is fetched once more and no further', async (t) => {
    const { path } = target(t)
    const { url, requests } = await serve(t, (_count, request, response) => {
      send(request, response, { file: OTHER, most: 200_000, path })
    })
    await assert.rejects(get(url, path), new RegExp(`its SHA-256 is ${createHash('sha256').update(OTHER).digest('hex')}, and`))
    assert.equal(requests.length, 4)
    assert.deepEqual(readdirSync(join(path, '..')), [])
  })

  test('credentials, which are not shown', async (t) => {
    const { url } = await serve(t, (_count, _request, response) => { response.writeHead(403).end() })
    const { path } = target(t)
    await assert.rejects(get(url.replace('//', '//user:secret@'), path), (error: Error) =>
      error.message.startsWith(`${url} cannot be downloaded: the server answered 403`))
  })

  test('nobody there', async (t) => {
    const { url } = await serve(t, () => {})
    const { path } = target(t)
    await assert.rejects(get(url.replace(/:\d+\//, ':9/'), path), /cannot be downloaded: .*(?:ECONNREFUSED|bad port)/)
  })
})
