import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { Page } from 'playwright-core'
import { suiteApp } from '../support/app.js'
import { CAT_FILE, CLASSIFY, enterWithTab, leave, pick, settled, transferOf, useBrowser, withoutChromium } from './browser.js'
import { catAs, CUT_OFF, TEXT } from './pictures.js'

const FOCUSED = 'document.activeElement.ariaLabel ?? document.activeElement.textContent'

const firstLabels = async (page: Page): Promise<string[]> =>
  await page.locator('.card').locator('.prediction:first-child .label').allTextContents()

suite('pictures come to the page', { skip: withoutChromium }, () => {
  const browser = useBrowser()
  const server = suiteApp({}, 'real')

  test('picked, and shown with labels, probabilities, timings and the model', async () => {
    const page = await browser.visit(server.url)
    await page.locator('[data-part=choose]').click()
    await pick(page, [CAT_FILE])
    await settled(page, 1)
    const card = page.getByRole('listitem').filter({ has: page.getByRole('heading', { name: 'cat.jpg' }) })
    assert.equal(await page.evaluate('document.querySelector(".card img").naturalWidth'), 451)
    assert.equal(await card.locator('.prediction').count(), 5)
    assert.match(await card.locator('.prediction').first().innerText(), /^cat\s+9\d(\.\d)?%$/)
    const bar = card.getByRole('meter', { name: 'cat', exact: true })
    assert.match(await bar.getAttribute('value') ?? '', /^0\.9/)
    const facts = await card.locator('.timings').innerText()
    assert.match(facts, /Decoding\s+[\d.]+ ms\s+In the queue\s+[\d.]+ ms\s+Network, alone\s+[\d.]+ ms\s+From here and back\s+[\d.]+ ms/)
    assert.match(facts, /Model\s+xception-cifar10 1, float32 on cpu/)
    assert.match(await page.getByRole('log').innerText(), /^cat\.jpg: cat, 9\d(\.\d)?%\.$/)
    await leave(page)
  })

  test('dropped anywhere, while the page shows that it takes them', async () => {
    const page = await browser.visit(server.url)
    const dataTransfer = await page.evaluateHandle(transferOf([CAT_FILE, await catAs('png')]))
    await page.dispatchEvent('h1', 'dragenter', { dataTransfer })
    assert.match(await page.locator('body').getAttribute('class') ?? '', /is-dragged-over/)
    await page.dispatchEvent('h1', 'drop', { dataTransfer })
    await settled(page, 2)
    assert.doesNotMatch(await page.locator('body').getAttribute('class') ?? '', /is-dragged-over/)
    assert.deepEqual(await firstLabels(page), ['cat', 'cat'])
    await leave(page)
  })

  test('pasted with Ctrl-V, as another page copies an image', async () => {
    const page = await browser.visit(server.url, { permissions: ['clipboard-read', 'clipboard-write'] })
    const picture = `${transferOf([await catAs('png')])}.files[0]`
    await page.evaluate(`navigator.clipboard.write([new ClipboardItem({ 'image/png': ${picture} })])`)
    await page.keyboard.press('Control+V')
    await settled(page, 1)
    assert.deepEqual(await firstLabels(page), ['cat'])
    await leave(page)
  })

  test('photographed: phones open their camera', async () => {
    const page = await browser.visit(server.url, { hasTouch: true, isMobile: true, viewport: { width: 390, height: 844 } })
    const [chooser] = await Promise.all([page.waitForEvent('filechooser'), page.getByRole('button', { name: 'Take a photo' }).click()])
    const input = chooser.element()
    assert.deepEqual([await input.getAttribute('capture'), await input.getAttribute('accept')], ['environment', 'image/*'])
    await chooser.setFiles(CAT_FILE)
    await settled(page, 1)
    assert.deepEqual(await firstLabels(page), ['cat'])
    await leave(page)
  })

  test('several at once, each on its own: one that fails leaves the others alone', async () => {
    const page = await browser.visit(server.url)
    let [running, most] = [0, 0]
    await page.route(CLASSIFY, async (route) => {
      most = Math.max(most, ++running)
      await route.continue()
    })
    page.on('requestfinished', (request) => { if (CLASSIFY.test(request.url())) running-- })
    const cats = Array.from({ length: 9 }, (_, index) => ({ ...CAT_FILE, name: `cat ${index}.jpg` }))
    await pick(page, [...cats.slice(0, 4), CUT_OFF, TEXT, ...cats.slice(4)])
    await settled(page, 11)
    assert.deepEqual(await firstLabels(page), cats.map(() => 'cat'))
    const codes = await page.locator('.failure:visible code').allTextContents()
    assert.deepEqual(codes, ['undecodable_image', 'unsupported_image_format'])
    assert.deepEqual((await page.locator('.card h3').allTextContents()).slice(0, 5), [...cats.slice(0, 4), CUT_OFF].map(({ name }) => name))
    assert.ok(most <= 4, `${most} at a time`)
    await leave(page)
  })

  test('a format that the browser does not show is answered all the same', async () => {
    const page = await browser.visit(server.url)
    await pick(page, [await catAs('tiff')])
    await settled(page, 1)
    await page.getByText('No preview').waitFor()
    assert.deepEqual(await firstLabels(page), ['cat'])
    await leave(page)
  })

  test('what is no file is told so', async () => {
    const page = await browser.visit(server.url)
    await page.dispatchEvent('main', 'drop', { dataTransfer: await page.evaluateHandle('new DataTransfer()') })
    await page.getByText('That was no file.').waitFor()
    await page.evaluate("document.body.dispatchEvent(new ClipboardEvent('paste', { clipboardData: new DataTransfer(), bubbles: true }))")
    await page.getByText('The clipboard holds no picture.').waitFor()
    await leave(page)
  })

  test('with the keyboard alone they are reached and removed, and the focus stays where the work is', async () => {
    const page = await browser.visit(server.url)
    const focused = async (): Promise<unknown> => await page.evaluate(FOCUSED)
    const chosen = page.waitForEvent('filechooser')
    await enterWithTab(page)
    assert.equal(await focused(), 'Choose pictures')
    await page.keyboard.press('Enter')
    await (await chosen).setFiles([CAT_FILE, await catAs('png')])
    await settled(page, 2)
    const ofCard = (name: string): string[] => [`Remove ${name}`, 'Where the network looked', 'Ask with curl']
    for (const name of ['Remove all', ...ofCard('cat.jpg'), ...ofCard('cat.png'), 'About this model']) {
      await page.keyboard.press('Tab')
      assert.equal(await focused(), name)
      assert.equal(await page.evaluate('getComputedStyle(document.activeElement).outlineStyle'), 'solid', `${name} shows its focus`)
    }

    await page.getByRole('button', { name: 'Remove cat.jpg' }).press('Enter')
    assert.equal(await focused(), 'Remove cat.png')
    await page.keyboard.press('Enter')
    assert.equal(await focused(), 'Choose pictures')
    assert.equal(await page.locator('.card').count(), 0)
    await leave(page)
  })

  test('removed, they let go of their memory and of what is under way', async () => {
    const page = await browser.visit(server.url)
    await page.route(CLASSIFY, async () => {})
    await pick(page, [CAT_FILE, CAT_FILE])
    await page.locator('.card').nth(1).waitFor()
    const address = await page.locator('.card img').first().getAttribute('src')
    const aborted = page.waitForEvent('requestfailed')
    await page.getByRole('button', { name: 'Remove all' }).click()
    await aborted
    assert.equal(await page.evaluate(`fetch('${address}').then(() => true, () => false)`), false)
    assert.equal(await page.locator('.results').isVisible(), false)
    await page.context().close()
  })
})
