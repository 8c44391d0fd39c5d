import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** The photo that the README classifies; compiled tests run from dist/. */
export const CAT_PATH = fileURLToPath(new URL('../../../docs/cat.jpg', import.meta.url))
export const CAT = readFileSync(CAT_PATH)
