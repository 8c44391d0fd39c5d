import assert from 'node:assert/strict'
import { readFileSync, readdirSync } from 'node:fs'
import { suite, test } from 'node:test'
import { ablationBlocks, ablationFigures } from '../../docs/generate/ablations/report.js'
import type { SavedAblations } from '../../docs/generate/ablations/results.js'
import { familyFigures } from '../../docs/generate/family/figures.js'
import { costsTable, speedTable, type Measured } from '../../docs/generate/family/tables.js'
import { presetNames } from '../../src/model/presets/index.js'

const ROOT = new URL('../../../', import.meta.url)
const read = (path: string): string => readFileSync(new URL(path, ROOT), 'utf8')

suite('docs/family.md says what the presets are', () => {
  const page = read('docs/family.md')
  const ablations = JSON.parse(read('bench/results/ablations.json')) as SavedAblations
  const drawn = familyFigures()
  const figures = new Map([...drawn, ...ablationFigures(ablations)])

  test('the committed figures are those that npm run generate and npm run ablations draw', () => {
    assert.deepEqual(readdirSync(new URL('docs/family/', ROOT)).sort(), [...figures.keys()].sort())
    for (const [file, content] of figures) assert.equal(read(`docs/family/${file}`), content, `${file}: draw it again`)
  })

  test('every figure is on the page', () => {
    const shown = [...page.matchAll(/\]\(family\/([\w-]+\.svg)\)/g)].map(([, file]) => file)
    assert.deepEqual(shown.toSorted(), [...figures.keys()].sort())
  })

  test('the tables are those that npm run generate writes, and every preset is in them', () => {
    assert.ok(page.includes(costsTable()), 'run npm run generate')
    assert.ok(page.includes(speedTable(JSON.parse(read('bench/results/family.json')) as Measured[])), 'run npm run generate')
    for (const [name, block] of ablationBlocks(ablations)) assert.ok(page.includes(block), `${name}: run npm run ablations`)
    for (const name of presetNames()) assert.ok(costsTable().includes(`| \`${name}\` |`))
  })

  test('a figure shows the segments that the network has, and has a dark scheme', () => {
    const segments = drawn.get('inception-segments-3.svg') ?? ''
    const texts = ['channels 0–242', 'channels 243–485', 'channels 486–727', '243 filters', '242 filters']
    for (const text of texts) assert.ok(segments.includes(`>${text}<`))
    for (const content of figures.values()) assert.match(content, /@media \(prefers-color-scheme: dark\)/)
  })
})
