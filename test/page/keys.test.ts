import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { suiteApp } from '../support/app.js'
import { tempFolder } from '../support/temp-folder.js'
import { assertAccessible } from './accessible.js'
import { CAT_FILE, CLASSIFY, leave, pick, settled, useBrowser, withoutChromium } from './browser.js'

suite('where the service asks for API keys', { skip: withoutChromium }, () => {
  const browser = useBrowser()
  const key = randomBytes(16).toString('hex')
  const file = join(tempFolder(), 'keys')
  writeFileSync(file, `anna ${createHash('sha256').update(key).digest('hex')}\n`)
  const server = suiteApp({ API_KEYS_FILE: file }, 'real')

  test('the page asks for one, says if it is wrong, and goes on with the pictures that waited for it', async () => {
    const page = await browser.visit(server.url, { refusals: CLASSIFY })
    const field = page.getByLabel('API key')
    await field.waitFor()
    await pick(page, [CAT_FILE])
    await settled(page, 1)
    assert.match(await page.locator('.failure').innerText(), /asks for an API key/)

    await field.fill('wrong')
    await field.press('Enter')
    await page.getByText('The service does not know this key.').waitFor()
    assert.match(await page.locator('.failure').innerText(), /does not know this API key/)

    await field.fill(` ${key} `)
    await page.getByRole('button', { name: 'Use this key' }).click()
    await page.locator('.prediction').first().waitFor()
    assert.equal(await page.locator('.failure').isVisible(), false)

    await page.getByText('Ask with curl').click()
    const command = `curl -H "x-api-key: $API_KEY" -F image=@cat.jpg ${server.url}/classify`
    assert.equal(await page.locator('[data-part=command]').innerText(), command)
    await page.getByText('with your key in the variable API_KEY').waitFor()

    await page.reload()
    await pick(page, [CAT_FILE])
    await page.locator('.prediction').first().waitFor()
    assert.equal(await field.isVisible(), false, 'it is kept for the tab')
    await leave(page)
  })

  for (const colorScheme of ['light', 'dark'] as const) {
    test(`axe has no findings while a key is asked for: ${colorScheme}`, async () => {
      const page = await browser.visit(server.url, { colorScheme, refusals: CLASSIFY })
      const field = page.getByLabel('API key')
      await field.waitFor()
      await assertAccessible(page, 'asked for a key')
      await pick(page, [CAT_FILE])
      await settled(page, 1)
      await field.fill('wrong')
      await field.press('Enter')
      await page.getByText('The service does not know this key.').waitFor()
      await assertAccessible(page, 'told that the key is wrong')
      await leave(page)
    })
  }

  test('another tab does not have it', async () => {
    const page = await browser.visit(server.url)
    await page.getByLabel('API key').waitFor()
    await leave(page)
  })
})
