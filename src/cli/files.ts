import { stat } from 'node:fs/promises'
import { isAbsolute } from 'node:path'
import { glob, isDynamicPattern } from 'tinyglobby'

/** Names that a folder is searched for; a file that is named itself may have any name. */
const IMAGES_IN_FOLDER = '**/*.{jpg,jpeg,png,webp,gif,avif,tif,tiff}'

/**
 * The image files that arguments name: files, folders with all that is below them, and patterns. Each once, the
 * arguments in their order, sorted by name within one. Throws an Error of one sentence if an argument names nothing.
 */
export async function findImages (patterns: readonly string[]): Promise<string[]> {
  const found = new Set<string>()
  for (const pattern of patterns) {
    const files = await expand(pattern)
    if (files.length === 0) throw new Error(`${pattern}: there is no image file of this name, in this folder or of this pattern`)
    for (const file of files.sort()) found.add(file)
  }
  return [...found]
}

async function expand (pattern: string): Promise<string[]> {
  const named = await stat(pattern).catch(() => undefined)
  if (named?.isDirectory() === true) {
    const files = await glob(IMAGES_IN_FOLDER, { cwd: pattern, caseSensitiveMatch: false })
    return files.map((file) => `${pattern.replace(/\/+$/, '')}/${file}`)
  }
  if (named !== undefined) return [pattern]
  return isDynamicPattern(pattern) ? await glob(pattern, { absolute: isAbsolute(pattern) }) : []
}
