import { readFileSync, writeFileSync } from 'node:fs'
import { settingsTable } from '#compiled/config.js'

/* Writes the generated table of settings into the README. */

const readme = new URL('../README.md', import.meta.url)
const text = readFileSync(readme, 'utf8')
writeFileSync(readme, text.replace(/^\| variable \|[\s\S]*?\n(?!\|)/m, `${settingsTable()}\n`))
