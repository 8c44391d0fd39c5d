import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { replaceBlock } from '../page.js'
import { familyFigures } from './figures.js'
import { costsTable, speedTable, type Measured } from './tables.js'

/* Writes what docs/family.md takes from the presets, its figures and tables. Speeds are those of bench/results/family.json. */

const ROOT = new URL('../../../../', import.meta.url)
const FIGURES = new URL('docs/family/', ROOT)
const PAGE = new URL('docs/family.md', ROOT)
/** What `xception describe --compare ... --measure --json` printed. */
const SPEEDS = new URL('bench/results/family.json', ROOT)

await mkdir(FIGURES, { recursive: true })
for (const [file, content] of familyFigures()) await writeFile(new URL(file, FIGURES), content)

const measured = JSON.parse(await readFile(SPEEDS, 'utf8')) as Measured[]
const page = replaceBlock(await readFile(PAGE, 'utf8'), 'family-costs', costsTable())
await writeFile(PAGE, replaceBlock(page, 'family-speed', speedTable(measured)))
