import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { suite, test } from 'node:test'
import { suiteApp, type App } from '../support/app.js'

const EXPECTED = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'content-security-policy': "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
}
const PAGE = 'https://pages.example'

function assertSecured (headers: Headers): void {
  assert.deepEqual(Object.fromEntries(Object.keys(EXPECTED).map((name) => [name, headers.get(name)])), EXPECTED)
}

suite('with the defaults', () => {
  const server = suiteApp()

  for (const [path, method, status] of [
    ['/', 'GET', 200], ['/', 'HEAD', 200], ['/livez', 'GET', 200], ['/metrics', 'GET', 200], ['/nothing', 'GET', 404],
    ['/classify', 'GET', 405], ['/classify', 'POST', 400]
  ] as const) {
    test(`${method} ${path}, answered ${status}, has the security headers`, async () => {
      const response = await server.fetch(path, { method })
      assert.equal(response.status, status)
      assertSecured(response.headers)
    })
  }

  test('so has the answer to what is no HTTP', async () => {
    const { hostname, port } = new URL(server.url)
    const socket = connect(Number(port), hostname)
    const chunks: Buffer[] = []
    socket.on('data', (chunk: Buffer) => { chunks.push(chunk) })
    socket.end('rubbish\r\n\r\n')
    await once(socket, 'close')
    const [head = ''] = Buffer.concat(chunks).toString().split('\r\n\r\n')
    const fields = head.split('\r\n').slice(1).map((line) => line.split(': ') as [string, string])
    assertSecured(new Headers(fields))
  })

  test('a page of another website may read nothing', async () => {
    const response = await server.fetch('/livez', { headers: { origin: PAGE } })
    assert.equal(response.headers.get('access-control-allow-origin'), null)
    const preflight = await ask(server, PAGE)
    assert.deepEqual([preflight.status, preflight.headers.get('access-control-allow-origin')], [204, null])
  })
})

suite('with CORS_ORIGINS', () => {
  const server = suiteApp({ CORS_ORIGINS: `http://127.0.0.1:3000, ${PAGE}` })

  test('pages of these origins may call, and read what they need', async () => {
    const preflight = await ask(server, PAGE)
    assert.deepEqual([preflight.status, preflight.headers.get('access-control-allow-origin')], [204, PAGE])
    assert.match(preflight.headers.get('access-control-allow-methods') ?? '', /POST/)
    assert.match(preflight.headers.get('access-control-allow-headers') ?? '', /authorization/)
    assertSecured(preflight.headers)

    const failed = await server.fetch('/classify', { method: 'POST', headers: { origin: PAGE } })
    assert.deepEqual([failed.status, failed.headers.get('access-control-allow-origin')], [400, PAGE])
    assert.match(failed.headers.get('access-control-expose-headers') ?? '', /x-request-id/)
    assert.match(failed.headers.get('vary') ?? '', /origin/i)
    assert.equal(failed.headers.get('access-control-allow-credentials'), null)
  })

  for (const origin of ['https://pages.example.org', 'http://pages.example', 'https://evil.pages.example', 'null']) {
    test(`pages of ${origin} may not`, async () => {
      for (const response of [await ask(server, origin), await server.fetch('/livez', { headers: { origin } })]) {
        assert.equal(response.headers.get('access-control-allow-origin'), null)
      }
    })
  }
})

/** What a browser asks before it lets a page of another origin send an image. */
function ask (server: App, origin: string): Promise<Response> {
  const headers = { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization' }
  return server.fetch('/classify', { method: 'OPTIONS', headers })
}
