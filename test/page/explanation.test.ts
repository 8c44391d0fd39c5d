import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { Page } from 'playwright-core'
import { suiteApp } from '../support/app.js'
import { CAT_FILE, leave, pick, settled, useBrowser, withoutChromium } from './browser.js'

const EXPLAINED = /\/classify\?.*explain=true/
/** Strongest at the bottom right, and against at the top left. */
const MAP = { height: 2, width: 2, values: [-2, 0, 0, 4] }
const REPLY = {
  model: { name: 'stand-in', version: '1', backend: 'cpu', precision: 'float32' },
  results: [{
    predictions: [
      { label: 'cat', classId: 3, probability: 0.9, explanation: MAP },
      { label: 'bird', classId: 2, probability: 0.05, explanation: { height: 1, width: 3, values: [1, 0, 0] } },
      { label: 'dog', classId: 5, probability: 0.05, explanation: { code: 'not_linear', detail: 'Its layers allow no exact map.' } }
    ]
  }],
  timings: { decodeMs: 1, queueMs: 1, inferenceMs: 1, batchSize: 1 }
}

async function explain (page: Page, reply: unknown = REPLY): Promise<void> {
  await page.route(EXPLAINED, async (route) => { await route.fulfill({ status: 200, body: JSON.stringify(reply) }) })
  await pick(page, [CAT_FILE])
  await settled(page, 1)
  await page.getByRole('button', { name: 'Where the network looked' }).click()
}

interface Corners { readonly topLeft: readonly number[], readonly bottomRight: readonly number[] }

/** Red, green, blue and opacity in two corners of the map. */
async function colours (page: Page): Promise<Corners> {
  return await page.evaluate(`(() => {
    const { width, height } = document.querySelector('canvas')
    const { data } = document.querySelector('canvas').getContext('2d').getImageData(0, 0, width, height)
    return { topLeft: [...data.slice(0, 4)], bottomRight: [...data.slice(-4)] }
  })()`) as Corners
}

suite('where the network looked', { skip: withoutChromium }, () => {
  const browser = useBrowser()
  const server = suiteApp({}, 'real')

  test('is asked for on demand and once, and drawn over what the network saw', async () => {
    const page = await browser.visit(server.url)
    let asked = 0
    page.on('request', (request) => { if (EXPLAINED.test(request.url())) asked++ })
    await explain(page)
    const canvas = page.locator('canvas')
    await canvas.waitFor()
    await page.locator('.card').getByText('For cat, the network found most at the bottom right.').waitFor()
    await page.getByText('Outside the frame it saw nothing.').waitFor()

    const [shown, map] = [await page.locator('.card img').boundingBox(), await canvas.boundingBox()]
    assert.ok(shown !== null && map !== null)
    // The bundled model takes the central square.
    assert.ok(Math.abs(map.width - shown.height) < 1 && Math.abs(map.height - shown.height) < 1)
    assert.ok(Math.abs((map.x - shown.x) - (shown.width - shown.height) / 2) < 1)

    const { topLeft: [redAgainst = 0, , blueAgainst = 0], bottomRight: [red = 0, , blue = 0] } = await colours(page)
    assert.ok(red > 200 && blue < 50, 'what speaks for it')
    assert.ok(blueAgainst > 100 && redAgainst < 50, 'what speaks against it')

    const button = page.getByRole('button', { name: 'Where the network looked' })
    await button.click()
    await canvas.waitFor({ state: 'hidden' })
    await button.click()
    await canvas.waitFor()
    assert.equal(asked, 1)
    await leave(page)
  })

  test('comes from the network itself', async () => {
    const page = await browser.visit(server.url)
    await pick(page, [CAT_FILE])
    await settled(page, 1)
    await page.getByRole('button', { name: 'Where the network looked' }).click()
    await page.locator('.card').getByText(/^For cat, the network found most (in the middle|at the [a-z ]+)\.$/).waitFor()
    assert.equal(await page.locator('canvas').isVisible(), true)
    await leave(page)
  })

  test('is shown for the label that is chosen, or why it cannot be', async () => {
    const page = await browser.visit(server.url)
    await explain(page)
    await page.getByRole('radio', { name: 'cat' }).press('ArrowDown')
    await page.locator('.card').getByText('For bird, the network found most at the left.').waitFor()
    await page.getByRole('radio', { name: 'dog' }).check()
    await page.locator('.card').getByText('Its layers allow no exact map.').waitFor()
    assert.equal(await page.locator('canvas').isVisible(), false)
    assert.equal(await page.locator('.legend').isVisible(), false)
    await leave(page)
  })

  test('covers the whole picture where the model squeezes it', async () => {
    const page = await browser.visit(server.url)
    const { model, ...service } = await (await fetch(server.url)).json() as { model: { input: object } }
    const squeezed = { ...service, model: { ...model, input: { ...model.input, fit: { value: 'fill' } } } }
    await page.route(`${server.url}/`, async (route) => { await route.fulfill({ status: 200, body: JSON.stringify(squeezed) }) })
    await explain(page)
    await page.locator('canvas').waitFor()
    const [map, shown] = [await page.locator('canvas').boundingBox(), await page.locator('.card img').boundingBox()]
    assert.ok(map !== null && shown !== null)
    for (const side of ['x', 'y', 'width', 'height'] as const) assert.ok(Math.abs(map[side] - shown[side]) < 1, side)
    assert.equal(await page.getByText('Outside the frame it saw nothing.').isVisible(), false)
    await leave(page)
  })

  test('is told to be missing by a service that does not say it', async () => {
    const page = await browser.visit(server.url)
    const [{ predictions }] = REPLY.results as [typeof REPLY.results[0] & object]
    await explain(page, { ...REPLY, results: [{ predictions: predictions.map(({ explanation, ...rest }) => rest) }] })
    await page.locator('.card').getByText('The service does not say where its network looked.').waitFor()
    await leave(page)
  })

  test('is given up with its picture', async () => {
    const page = await browser.visit(server.url)
    await page.route(EXPLAINED, async () => {})
    await pick(page, [CAT_FILE])
    await settled(page, 1)
    const asked = page.waitForRequest(EXPLAINED)
    await page.getByRole('button', { name: 'Where the network looked' }).click()
    await asked
    const givenUp = page.waitForEvent('requestfailed')
    await page.getByRole('button', { name: 'Remove all' }).click()
    await givenUp
    await leave(page)
  })

  test('fails in words, and can be asked for again', async () => {
    const page = await browser.visit(server.url, { refusals: EXPLAINED })
    await page.route(EXPLAINED, async (route) => { await route.abort() }, { times: 1 })
    await pick(page, [CAT_FILE])
    await settled(page, 1)
    const button = page.getByRole('button', { name: 'Where the network looked' })
    await button.click()
    await page.locator('.explanation').getByText('The service cannot be reached.').waitFor()
    assert.equal(await button.getAttribute('aria-pressed'), 'false')
    await leave(page)
  })
})
