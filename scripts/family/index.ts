import { mkdir, writeFile } from 'node:fs/promises'
import { familyFigures } from './figures.js'

/* Writes what docs/family.md takes from the presets: its figures. */

const FIGURES = new URL('../../../docs/family/', import.meta.url)

await mkdir(FIGURES, { recursive: true })
for (const [file, content] of familyFigures()) await writeFile(new URL(file, FIGURES), content)
