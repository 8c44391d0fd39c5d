import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { Page } from 'playwright-core'
import { suiteApp } from '../support/app.js'
import { leave, useBrowser, withoutChromium } from './browser.js'

suite('the pages of the document', { skip: withoutChromium }, () => {
  const browser = useBrowser()
  const server = suiteApp({}, 'real')

  test('show what an operation takes and gives, from /openapi.json', async () => {
    const asked: string[] = []
    const prepare = async (page: Page): Promise<void> => {
      page.on('request', (request) => { asked.push(new URL(request.url()).pathname) })
    }
    const page = await browser.visit(`${server.url}/docs`, { prepare, shown: '.opblock' })
    assert.equal(await page.title(), 'Xception Serve')
    assert.ok(asked.includes('/openapi.json') && !asked.includes('/docs/json'))
    assert.equal(await page.locator('.topbar').count(), 0)

    const operation = page.locator('#operations-images-classify')
    await operation.getByRole('button', { name: 'Labels and probabilities of images' }).click()
    await operation.getByText('queue_full').first().waitFor()
    await leave(page)
  })
})
