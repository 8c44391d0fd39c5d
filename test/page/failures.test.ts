import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { Page } from 'playwright-core'
import { ERRORS, ServiceError } from '../../src/base/errors.js'
import { toProblem } from '../../src/contract/problems.js'
import { freePort } from '../support/free-port.js'
import { startApp, suiteApp } from '../support/app.js'
import { CAT_FILE, CLASSIFY, leave, pick, settled, useBrowser, withoutChromium, type TestFile } from './browser.js'
import { CUT_OFF, HEIC, TEXT } from './pictures.js'

/** The codes of what goes wrong before a request reaches the service, or after. */
const OF_THE_PAGE = ['unreachable', 'unexpected_answer', 'unreadable_file', 'empty_file', 'key_missing']

/** Answers the first request for a classification in place of the service. */
async function answerFirst (page: Page, answer: { status: number, body: string, headers?: Record<string, string> }): Promise<void> {
  await page.route(CLASSIFY, async (route) => { await route.fulfill(answer) }, { times: 1 })
}

const problem = (error: ServiceError): string => JSON.stringify(toProblem(error))

suite('what fails is told in words', { skip: withoutChromium }, () => {
  const browser = useBrowser()
  const server = suiteApp({ MAX_IMAGE_BYTES: '200000' }, 'real')

  for (const [name, file, words, code, sent] of [
    ['a text', TEXT, /no picture that.*JPEG/, 'unsupported_image_format', 0],
    ['a text that is called a picture', { ...TEXT, mimeType: 'image/png' }, /no picture that/, 'unsupported_image_format', 1],
    ['a photo that is cut off', CUT_OFF, /damaged or cut off/, 'undecodable_image', 1],
    ['a HEIC photo', HEIC, /HEIC photo.*JPEG.*Most Compatible/, 'heic_not_supported', 0],
    ['nothing', { ...CAT_FILE, buffer: Buffer.alloc(0) }, /file is empty/, 'empty_file', 0],
    ['too many bytes', { ...CAT_FILE, buffer: Buffer.alloc(300_000, 1) }, /too large.*0\.3 MB.*0\.2 MB at most/, 'image_too_large', 0]
  ] as ReadonlyArray<readonly [string, TestFile, RegExp, string, number]>) {
    test(name, async () => {
      const page = await browser.visit(server.url)
      let requests = 0
      page.on('request', (request) => { if (CLASSIFY.test(request.url())) requests++ })
      await pick(page, [file])
      await settled(page, 1)
      assert.match(await page.locator('.failure').innerText(), words)
      assert.equal(await page.locator('.failure code').innerText(), code)
      assert.match(await page.getByRole('log').innerText(), words)
      assert.equal(await page.getByRole('button', { name: 'Try again' }).isVisible(), false)
      assert.equal(requests, sent)
      await leave(page)
    })
  }

  test('a file that can no longer be read', async () => {
    const page = await browser.visit(server.url)
    await page.evaluate("Blob.prototype.arrayBuffer = async () => { throw new DOMException('gone', 'NotFoundError') }")
    await pick(page, [CAT_FILE])
    await page.locator('.card').getByText('This cannot be read.').waitFor()
    await leave(page)
  })

  test('words are for codes that the service has, and a code that the page does not know is told in the service\'s own', async () => {
    const page = await browser.visit(server.url, { refusals: CLASSIFY })
    const explained = await page.evaluate("import('/page/failure.js').then(({ EXPLAINED }) => Object.keys(EXPLAINED))") as string[]
    assert.deepEqual(explained.filter((code) => !(code in ERRORS)), OF_THE_PAGE)
    await answerFirst(page, { status: 418, body: '{"code":"is_a_teapot","detail":"It brews tea."}' })
    await pick(page, [CAT_FILE])
    await page.locator('.card').getByText('It brews tea.').waitFor()
    await leave(page)
  })

  test('what lasts for a while is tried again, as long after as the service says', async () => {
    const page = await browser.visit(server.url, { refusals: CLASSIFY })
    const error = new ServiceError('queue_full', 'The queue is full.')
    await answerFirst(page, { status: 503, body: problem(error), headers: { 'retry-after': '2' } })
    await pick(page, [CAT_FILE])
    await page.locator('.card').getByText('more pictures waiting than it can hold. The next try is in 2 seconds…').waitFor()
    await page.locator('.prediction').first().waitFor()
    assert.equal(await page.locator('.failure').isVisible(), false)
    await leave(page)
  })

  test('what would last too long is not waited for, and can be tried again', async () => {
    const page = await browser.visit(server.url, { refusals: CLASSIFY })
    const error = new ServiceError('rate_limited', 'At most 5 requests a minute are taken: try again in 3600 s.')
    await answerFirst(page, { status: 429, body: problem(error), headers: { 'retry-after': '3600' } })
    await pick(page, [CAT_FILE])
    await page.locator('.card').getByText('try again in 3600 s').waitFor()
    await page.getByRole('button', { name: 'Try again' }).click()
    await page.locator('.prediction').first().waitFor()
    await leave(page)
  })

  test('another program that answers in the service\'s place', async () => {
    const page = await browser.visit(server.url, { refusals: CLASSIFY })
    await answerFirst(page, { status: 502, body: '<h1>Bad gateway</h1>' })
    await pick(page, [CAT_FILE])
    await page.locator('.card').getByText('Something that is not the service answered in its place. It came with status 502.').waitFor()
    await leave(page)
  })

  test('a service that is still loading says so until it is ready', async () => {
    const page = await browser.visit(server.url, {
      prepare: async (page) => {
        const body = JSON.stringify({ status: 'loading', needsKey: false, maxImageBytes: 1, endpoints: ['POST /classify'] })
        await page.route('**/', async (route) => {
          const { accept = '' } = route.request().headers()
          if (accept !== 'application/json') return await route.fallback()
          await route.fulfill({ status: 200, body })
          await page.locator('[data-state=loading]').getByText('the model is loading…').waitFor()
          await page.unroute('**/')
        })
      }
    })
    assert.equal(await page.locator('[data-part=status]').innerText(), 'xception-cifar10 · ready')
    await leave(page)
  })

  test('a service that is gone, with a button for when it is back', async (t) => {
    const port = String(await freePort())
    const first = await startApp(t, { PORT: port }, 'real')
    const page = await browser.visit(first.url, { refusals: CLASSIFY })
    await first.close()
    await pick(page, [CAT_FILE])
    await page.locator('.card').getByText('The service cannot be reached.').waitFor()
    await startApp(t, { PORT: port }, 'real')
    await page.getByRole('button', { name: 'Try again' }).click()
    await page.locator('.prediction').first().waitFor()
    await leave(page)
  })
})
