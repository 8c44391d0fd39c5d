import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { after } from 'node:test'
import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core'
import { CAT } from '../support/cat.js'

/** As Debian and others call it. */
const NAMES = ['chromium', 'chromium-browser', 'google-chrome']
const QUIET = [
  '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'
]
/** A name that browsers do not trust as they trust 127.0.0.1, for what they allow there only. */
export const UNTRUSTED_HOST = 'untrusted.test'
const CHROMIUM = NAMES.find((name) => spawnSync(name, ['--version']).error === undefined)

/** For a suite's `skip` option: false, or the reason. */
export const withoutChromium: string | false = CHROMIUM === undefined ? 'chromium is not installed' : false

/** A machine under load is slow, and a browser has much to start. */
const PATIENCE_MS = 60_000

export const CAT_FILE = { name: 'cat.jpg', mimeType: 'image/jpeg', buffer: CAT }

/** The address of the page's requests for a classification. */
export const CLASSIFY = /\/classify\?/

export interface TestFile {
  readonly name: string
  readonly mimeType: string
  readonly buffer: Buffer
}

export interface VisitOptions extends BrowserContextOptions {
  /** Addresses that may answer with an error, which Chromium itself writes to the console. */
  readonly refusals?: RegExp
  /** Does something with the page before it is loaded. */
  readonly prepare?: (page: Page) => Promise<void>
  /** A selector of what the page shows once it is of use; by default, that the service is ready. */
  readonly shown?: string
}

export interface Visitor {
  /** An empty tab with storage of its own. */
  tab (options?: BrowserContextOptions): Promise<Page>
  /** Opens a page, which `leave` ends, and waits until it is of use. */
  visit (url: string, options?: VisitOptions): Promise<Page>
}

/** A browser for the tests of a file. */
export function useBrowser (): Visitor {
  let browser: Promise<Browser> | undefined
  after(async () => { await (await browser)?.close() })
  const tab = async (options?: BrowserContextOptions): Promise<Page> => {
    browser ??= launch()
    const context = await (await browser).newContext(options)
    context.setDefaultTimeout(PATIENCE_MS)
    return await context.newPage()
  }
  return {
    tab,
    visit: async (url, { refusals = /^$/, prepare, shown = '[data-state=ready]', ...options } = {}) => {
      const page = await tab(options)
      watch(page, new URL(url).origin, refusals)
      await prepare?.(page)
      await page.goto(url)
      await page.locator(shown).first().waitFor()
      return page
    }
  }
}

async function launch (): Promise<Browser> {
  // Root has no sandbox.
  const sandbox = process.getuid?.() === 0 ? ['--no-sandbox'] : []
  const args = [...QUIET, ...sandbox, `--host-resolver-rules=MAP ${UNTRUSTED_HOST} 127.0.0.1`]
  return await chromium.launch({ executablePath: await pathOf(CHROMIUM ?? ''), args, timeout: PATIENCE_MS })
}

async function pathOf (program: string): Promise<string> {
  return spawnSync('sh', ['-c', `command -v ${program}`], { encoding: 'utf8' }).stdout.trim()
}

const problems = new WeakMap<Page, string[]>()

function watch (page: Page, origin: string, refusals: RegExp): void {
  const found: string[] = []
  problems.set(page, found)
  page.on('pageerror', (error) => { found.push(String(error)) })
  page.on('console', (message) => {
    const isRefusal = message.text().startsWith('Failed to load resource') && refusals.test(message.location().url)
    if (!isRefusal) found.push(`${message.type()}: ${message.text()} ${message.location().url}`)
  })
  page.on('request', (request) => {
    const url = new URL(request.url())
    if (url.origin !== origin && url.protocol !== 'blob:') found.push(`a request to ${request.url()}`)
  })
}

/** Closes a page. Fails if its console has a line, if it had an error, or if it asked another place than the service. */
export async function leave (page: Page): Promise<void> {
  await page.context().close()
  assert.deepEqual(problems.get(page), [])
}

/** Gives the first element the focus with Tab, pressed again where it is lost: nothing says from when on a new window takes keys. */
export async function enterWithTab (page: Page): Promise<void> {
  await page.bringToFront()
  await page.waitForFunction('document.hasFocus()')
  const deadline = Date.now() + PATIENCE_MS
  do {
    assert.ok(Date.now() < deadline, 'Tab gives nothing the focus')
    await page.keyboard.press('Tab')
  } while (await page.evaluate('document.activeElement === document.body'))
}

/** Gives files to the page's picker. */
export async function pick (page: Page, files: readonly TestFile[]): Promise<void> {
  await page.locator('[data-part=chosen]').setInputFiles([...files])
}

/** JavaScript for the browser: a DataTransfer that holds real files. */
export function transferOf (files: readonly TestFile[]): string {
  const portable = files.map(({ name, mimeType, buffer }) => ({ name, type: mimeType, base64: buffer.toString('base64') }))
  return `((files) => {
    const transfer = new DataTransfer()
    for (const { name, type, base64 } of files) {
      transfer.items.add(new File([Uint8Array.from(atob(base64), (byte) => byte.charCodeAt(0))], name, { type }))
    }
    return transfer
  })(${JSON.stringify(portable)})`
}

/** Waits until each picture on the page has its answer or its failure; there are to be that many. */
export async function settled (page: Page, count: number): Promise<void> {
  await page.locator('.card[aria-busy=false]').nth(count - 1).waitFor({ state: 'attached' })
  assert.equal(await page.locator('.card').count(), count)
}
