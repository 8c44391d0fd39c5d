import { stat } from 'node:fs/promises'
import { isAbsolute } from 'node:path'
import { glob, isDynamicPattern } from 'tinyglobby'
import { picturesIn } from '../base/picture-files.js'

/**
 * The image files that arguments name: files, folders with all that is below them, and patterns. Each once, the arguments in
 * their order, sorted by name within one. Throws an Error of one sentence if an argument names nothing, or a folder in it
 * cannot be read.
 */
export async function findImages (patterns: readonly string[]): Promise<string[]> {
  const found = new Set<string>()
  for (const pattern of patterns) {
    const files = await expand(pattern)
    if (files.length === 0) throw new Error(`${pattern}: there is no image file of this name, in this folder or of this pattern`)
    for (const file of files) found.add(file)
  }
  return [...found]
}

async function expand (pattern: string): Promise<string[]> {
  const named = await stat(pattern).catch(() => undefined)
  if (named?.isDirectory() === true) return await filesIn(pattern)
  if (named !== undefined) return [pattern]
  return isDynamicPattern(pattern) ? (await glob(pattern, { absolute: isAbsolute(pattern) })).sort() : []
}

async function filesIn (folder: string): Promise<string[]> {
  const files: string[] = []
  const unreadable = (below: string, reason: Error): never => {
    throw new Error(`${folder}: ${below} cannot be read: ${reason.message}`)
  }
  for await (const file of picturesIn(folder, unreadable)) files.push(`${folder.replace(/\/+$/, '')}/${file}`)
  return files
}
