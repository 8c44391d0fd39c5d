import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { Page } from 'playwright-core'
import { suiteApp } from '../support/app.js'
import { assertAccessible } from './accessible.js'
import { CAT_FILE, CLASSIFY, leave, pick, settled, useBrowser, withoutChromium } from './browser.js'
import { CUT_OFF, HEIC } from './pictures.js'

const SMALL_PHONE = { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true }
const DEVICES = { desktop: { viewport: { width: 1280, height: 900 } }, phone: SMALL_PHONE }

async function open (page: Page, text: string): Promise<void> {
  for (const summary of await page.locator('summary', { hasText: text }).all()) await summary.click()
}

suite('how the page looks', { skip: withoutChromium }, () => {
  const browser = useBrowser()
  const server = suiteApp({}, 'real')

  for (const colorScheme of ['light', 'dark'] as const) {
    for (const [device, options] of Object.entries(DEVICES)) {
      test(`axe has no findings: ${colorScheme}, ${device}`, async () => {
        const page = await browser.visit(server.url, { colorScheme, ...options })
        await assertAccessible(page, 'empty')
        await pick(page, [CAT_FILE])
        await settled(page, 1)
        await open(page, 'Ask with curl')
        await open(page, 'About this model')
        await assertAccessible(page, 'with an answer')
        await page.getByRole('button', { name: 'Where the network looked' }).click()
        await page.getByRole('radio').first().waitFor()
        await assertAccessible(page, 'with an explanation')
        await pick(page, [CUT_OFF, HEIC])
        await settled(page, 3)
        await assertAccessible(page, 'with failures')
        await leave(page)
      })
    }
  }

  test('dark where the system is dark', async () => {
    const lightness = async (colorScheme: 'light' | 'dark'): Promise<number> => {
      const page = await browser.visit(server.url, { colorScheme })
      const colour = String(await page.evaluate('getComputedStyle(document.body).backgroundColor'))
      await leave(page)
      return Number(/\d+/.exec(colour)?.[0])
    }
    assert.ok(await lightness('light') > 200)
    assert.ok(await lightness('dark') < 50)
  })

  test('a phone shows all of it without scrolling sideways', async () => {
    const page = await browser.visit(server.url, SMALL_PHONE)
    await pick(page, [CAT_FILE, CUT_OFF, { ...HEIC, name: `${'long'.repeat(40)}.heic` }])
    await settled(page, 3)
    await open(page, 'Ask with curl')
    await open(page, 'About this model')
    assert.equal(await page.evaluate('document.documentElement.scrollWidth'), SMALL_PHONE.viewport.width)
    for (const button of await page.getByRole('button').all()) {
      const { height = 0 } = await button.boundingBox() ?? {}
      assert.ok(height >= 44, `${await button.innerText()} can be hit with a finger`)
    }
    await leave(page)
  })

  test('nothing moves for who wants that', async () => {
    const page = await browser.visit(server.url, { reducedMotion: 'reduce' })
    await page.route(CLASSIFY, async () => {})
    await pick(page, [CAT_FILE])
    await page.locator('.card').getByText('Classifying…').waitFor()
    assert.equal(await page.evaluate('document.getAnimations().length'), 0)
    await leave(page)
  })

  test('no part of it leads elsewhere, and the model is described', async () => {
    const page = await browser.visit(server.url)
    assert.equal(await page.locator('[href]:not(link), [src*="//"]:not([src^="blob:"])').count(), 0)
    await open(page, 'About this model')
    const about = await page.locator('.about').innerText()
    assert.match(about, /Name\s+xception-cifar10\s+Version\s+1\s+Labels\s+10 labels\s+Computes\s+in float32 on the CPU/)
    assert.match(about, /turned upright, and its central square becomes 32 × 32 pixels \(lanczos3 resampling\)\./)
    assert.match(about, /Each red, green and blue value from 0 to 255 then becomes value × 0\.007843 − 1\./)
    assert.match(about, /POST \/classify, /)
    await leave(page)
  })
})
