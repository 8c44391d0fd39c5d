import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { AxeResults } from 'axe-core'
import type { Page } from 'playwright-core'

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** That axe finds nothing in the page as it is; `state` says how that is. */
export async function assertAccessible (page: Page, state: string): Promise<void> {
  await page.evaluate(AXE)
  const { violations } = await page.evaluate('axe.run()') as AxeResults
  const findings = violations.flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary}`))
  assert.deepEqual(findings, [], state)
}
