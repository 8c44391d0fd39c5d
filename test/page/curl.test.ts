import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { promisify } from 'node:util'
import { CAT } from '../support/cat.js'
import { suiteApp } from '../support/app.js'
import { tempFolder } from '../support/temp-folder.js'
import { CAT_FILE, leave, pick, settled, UNTRUSTED_HOST, useBrowser, withoutChromium } from './browser.js'

/** As people and cameras call their files, and as nobody should. */
const NAMES = ['cat.jpg', 'it\'s "my; cat", $HOME & `id`.jpg', '-', '@cat', 'Käтze 猫.jpg', 'back\\slash.jpg', ' between .jpg ', '!!.jpg']

interface Reply { readonly results: ReadonlyArray<{ readonly predictions: ReadonlyArray<{ readonly label: string }> }> }

suite('the curl command of a picture', { skip: withoutChromium }, () => {
  const browser = useBrowser()
  const folder = tempFolder()
  const server = suiteApp({}, 'real')

  test('gives in a shell what the page shows, whatever the file is called', async () => {
    const page = await browser.visit(server.url)
    await pick(page, NAMES.map((name) => ({ ...CAT_FILE, name })))
    await settled(page, NAMES.length)
    for (const [index, name] of NAMES.entries()) {
      writeFileSync(join(folder, name), CAT)
      const card = page.locator('.card').nth(index)
      await card.getByText('Ask with curl').click()
      const command = await card.locator('[data-part=command]').innerText()
      // Waiting for curl must not stop the service, which is in this process.
      const { stdout } = await promisify(execFile)('bash', ['-c', `${command} --silent --show-error`], { cwd: folder })
      const labels = (JSON.parse(stdout) as Reply).results[0]?.predictions.map(({ label }) => label)
      assert.deepEqual(labels, await card.locator('.prediction .label').allTextContents(), command)
    }
    await leave(page)
  })

  test('is copied with a button', async () => {
    const page = await browser.visit(server.url, { permissions: ['clipboard-read', 'clipboard-write'] })
    await pick(page, [CAT_FILE])
    await page.getByText('Ask with curl').click()
    await page.getByRole('button', { name: 'Copy' }).click()
    await page.getByRole('button', { name: 'Copied' }).waitFor()
    assert.equal(await page.evaluate('navigator.clipboard.readText()'), `curl -F image=@cat.jpg ${server.url}/classify`)
    await leave(page)
  })

  test('is copied over plain HTTP too, where pages have no clipboard', async () => {
    const page = await browser.visit(server.url.replace('127.0.0.1', UNTRUSTED_HOST))
    assert.equal(await page.evaluate('navigator.clipboard'), undefined)
    await pick(page, [CAT_FILE])
    await page.getByText('Ask with curl').click()
    await page.getByRole('button', { name: 'Copy' }).click()
    await page.getByRole('button', { name: 'Copied' }).waitFor()
    assert.match(String(await page.evaluate('String(getSelection())')), /^curl -F image=@cat\.jpg http:\/\/untrusted\.test:\d+\/classify$/)
    await leave(page)
  })
})
