import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, suite, test } from 'node:test'
import { CAT_FILE, useBrowser, withoutChromium } from '../page/browser.js'
import { TEXT } from '../page/pictures.js'
import { suiteServer } from '../support/server.js'

const PAGE = readFileSync(new URL('../../../examples/browser.html', import.meta.url))

suite('examples/browser.html, on another website', { skip: withoutChromium }, () => {
  const browser = useBrowser()
  let website: Server
  let origin: string
  before(async () => {
    website = createServer((_, response) => { response.setHeader('content-type', 'text/html').end(PAGE) }).listen(0, '127.0.0.1')
    await once(website, 'listening')
    origin = `http://127.0.0.1:${(website.address() as AddressInfo).port}`
  })
  const service = suiteServer(() => ({ CORS_ORIGINS: origin }))
  after(async () => {
    website.closeAllConnections()
    await new Promise((resolve) => website.close(resolve))
  })

  test('classifies the pictures that are chosen, and asks nobody but the service', async () => {
    const page = await browser.tab()
    const asked = new Set<string>()
    page.on('request', (request) => { if (!request.url().startsWith('data:')) asked.add(new URL(request.url()).origin) })
    await page.goto(`${origin}/browser.html?service=${service.url}`)
    await page.getByLabel('Pictures').setInputFiles([CAT_FILE, TEXT])
    await page.getByText(/^cat\.jpg: cat 91\.3%, /).waitFor()
    await page.getByText(/^notes\.txt: (?!…)/).waitFor()
    assert.deepEqual(asked, new Set([origin, service.url]))
    await page.context().close()
  })

  test('says so where the service does not let it in', async () => {
    const page = await browser.tab()
    // Another name is another origin.
    await page.goto(`${origin.replace('127.0.0.1', 'localhost')}/browser.html?service=${service.url}`)
    await page.getByLabel('Pictures').setInputFiles([CAT_FILE])
    await page.getByText(/^cat\.jpg: http:\/\/\S+ cannot be reached from http:\/\/localhost:\d+$/).waitFor()
    await page.context().close()
  })
})
