import type { Stats } from 'node:fs'
import { isAbsolute } from 'node:path'
import { glob, isDynamicPattern } from 'tinyglobby'
import { OperatorError } from '../base/errors.js'
import { UnreadableError, existing } from '../base/existing.js'
import { picturesIn } from '../base/picture-files.js'

/**
 * The image files that arguments name: files, folders with all that is below them, and patterns. Each once, the arguments in
 * their order, sorted by name within one. Throws an OperatorError if an argument names nothing, or a folder in it
 * cannot be read.
 */
export async function findImages (patterns: readonly string[]): Promise<string[]> {
  const found = new Set<string>()
  for (const pattern of patterns) {
    const files = await expand(pattern)
    if (files.length === 0) throw new OperatorError(`${pattern}: there is no image file of this name, in this folder or of this pattern`)
    for (const file of files) found.add(file)
  }
  return [...found]
}

async function expand (pattern: string): Promise<string[]> {
  const named = await namedBy(pattern)
  if (named?.isDirectory() === true) return await filesIn(pattern)
  if (named !== undefined) return [pattern]
  return isDynamicPattern(pattern) ? (await glob(pattern, { absolute: isAbsolute(pattern) })).sort() : []
}

/** What has this very name. A pattern may be longer than any name. */
async function namedBy (pattern: string): Promise<Stats | undefined> {
  try {
    return await existing(pattern)
  } catch (error) {
    if (error instanceof UnreadableError && error.code === 'ENAMETOOLONG' && isDynamicPattern(pattern)) return undefined
    throw error
  }
}

async function filesIn (folder: string): Promise<string[]> {
  const files: string[] = []
  const unreadable = (below: string, reason: Error): never => {
    throw new OperatorError(`${folder}: ${below} cannot be read: ${reason.message}`, { cause: reason })
  }
  for await (const file of picturesIn(folder, unreadable)) files.push(`${folder.replace(/\/+$/, '')}/${file}`)
  return files
}
