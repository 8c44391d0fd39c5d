import assert from 'node:assert/strict'
import { createServer, request, type Server } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { after, before, suite, test } from 'node:test'
import { suiteApp } from '../support/app.js'
import { CAT_FILE, leave, pick, settled, useBrowser, withoutChromium } from './browser.js'

const BROWSER = 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8'
const POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; base-uri 'none'; " +
  "form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"

const server = suiteApp({ RATE_LIMIT: '40' }, 'real')

const get = async (path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Response> =>
  await fetch(server.url + path, { method, headers })

suite('GET / is a page only for who names HTML', () => {
  for (const [accept, type] of [
    [BROWSER, 'text/html; charset=utf-8'],
    ['TEXT/HTML', 'text/html; charset=utf-8'],
    ['application/json;q=0.5, text/html;q=0.6', 'text/html; charset=utf-8'],
    ['*/*', 'application/json; charset=utf-8'],
    ['text/*', 'application/json; charset=utf-8'],
    ['application/json', 'application/json; charset=utf-8'],
    ['text/html;q=0', 'application/json; charset=utf-8'],
    ['application/json, text/html;q=0.9', 'application/json; charset=utf-8'],
    ['nonsense', 'application/json; charset=utf-8']
  ] as const) {
    test(`Accept: ${accept}`, async () => {
      const response = await get('/', { accept })
      assert.deepEqual([response.status, response.headers.get('content-type'), response.headers.get('vary')], [200, type, 'accept'])
      await response.arrayBuffer()
    })
  }

  test('JSON tells what a page needs to know', async () => {
    const { model, needsKey, maxImageBytes } = await (await get('/')).json() as Record<string, unknown>
    assert.deepEqual([(model as { name: string }).name, needsKey, maxImageBytes], ['xception-cifar10', false, 10 * 2 ** 20])
  })
})

suite('the files of the page', () => {
  test('the page has a policy of its own, beside the other security headers', async () => {
    const { headers } = await get('/', { accept: BROWSER })
    assert.equal(headers.get('content-security-policy'), POLICY)
    assert.equal(headers.get('x-content-type-options'), 'nosniff')
  })

  for (const [path, type] of [
    ['/', 'text/html; charset=utf-8'], ['/page/main.js', 'text/javascript; charset=utf-8'],
    ['/page/style.css', 'text/css; charset=utf-8'], ['/page/icon.svg', 'image/svg+xml']
  ] as const) {
    test(`${path} is not sent again as long as it is the same`, async () => {
      const first = await get(path, { accept: BROWSER })
      const etag = first.headers.get('etag') ?? ''
      assert.deepEqual([first.status, first.headers.get('content-type'), first.headers.get('cache-control')], [200, type, 'no-cache'])
      assert.match(etag, /^"[\w-]{43}"$/)
      for (const known of [etag, `"other", W/${etag}`, '*']) {
        const again = await get(path, { accept: BROWSER, 'if-none-match': known })
        assert.deepEqual([again.status, await again.text(), again.headers.get('etag')], [304, '', etag])
      }
      assert.equal((await get(path, { accept: BROWSER, 'if-none-match': '"other"' })).status, 200)
      const head = await get(path, { accept: BROWSER }, 'HEAD')
      assert.deepEqual([head.status, head.headers.get('etag'), await head.text()], [200, etag, ''])
    })
  }

  for (const name of ['', 'nothing.js', 'index.html', 'tsconfig.json', '..%2fpackage.json', 'main.ts']) {
    test(`/page/${name} is not there`, async () => {
      const response = await get(`/page/${name}`)
      assert.deepEqual([response.status, (await response.json() as { code: string }).code], [404, 'not_found'])
    })
  }

  test('however many they are, they do not count as requests of a client', async () => {
    for (let times = 0; times < 50; times++) assert.equal((await get('/page/icon.svg')).status, 200)
  })
})

suite('behind a proxy that takes a path off', { skip: withoutChromium }, () => {
  const browser = useBrowser()
  let proxy: Server
  before(async () => {
    proxy = createServer((incoming, outgoing) => {
      const path = /^\/vision(\/.*)$/.exec(incoming.url ?? '')?.[1]
      if (path === undefined) return outgoing.writeHead(404).end()
      const { method, headers } = incoming
      const onward = request(server.url + path, { method, headers }, (answer) => {
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
        answer.pipe(outgoing)
      })
      return incoming.pipe(onward)
    }).listen(0, '127.0.0.1')
    await once(proxy, 'listening')
  })
  after(() => { proxy.close() })

  test('the page works, and its command names the way through the proxy', async () => {
    const url = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}/vision/`
    const page = await browser.visit(url)
    await pick(page, [CAT_FILE])
    await settled(page, 1)
    assert.equal(await page.locator('.prediction .label').first().innerText(), 'cat')
    await page.getByText('Ask with curl').click()
    assert.equal(await page.locator('[data-part=command]').innerText(), `curl -F image=@cat.jpg ${url}classify`)
    await leave(page)
  })

  test('the pages of the document work, with a slash behind their address and without, and ask the service through the proxy', async () => {
    const base = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}/vision`
    for (const path of ['/docs', '/docs/?a=b', '/docs/static/index.html']) {
      const page = await browser.visit(base + path, { shown: '.opblock' })
      assert.equal(await page.locator('.info a').first().innerText(), '/vision/openapi.json')
      const operation = page.locator('#operations-service-livez')
      await operation.getByRole('button', { name: 'Whether the process answers' }).click()
      await operation.getByText('Try it out').click()
      await operation.getByText('Execute').click()
      assert.match(await operation.locator('.live-responses-table .response').first().innerText(), /^200\s/)
      await leave(page)
    }
  })
})
