import { OperatorError } from '../../base/errors.js'
import { foldersOf, listed, type Listing } from './folders.js'

/**
 * Folders in the place of classes without a picture by its name: a sentence for those whose files say that they are something else.
 * Throws an OperatorError for one that is empty, or whose files may be pictures after all: its class would be missing.
 */
export function bareFolders (
  { others, folders }: Listing, parents: ReadonlyArray<readonly string[]>, classes: ReadonlySet<string>
): string[] {
  const known = new Map<string, string[]>()
  const note = (parts: readonly string[], file?: string): void => {
    const parent = parents.find((one) => one.length < parts.length && one.every((name, depth) => parts[depth] === name))
    const name = parent === undefined ? undefined : parts[parent.length]?.normalize('NFC')
    if (name === undefined || classes.has(name)) return
    known.set(name, [...known.get(name) ?? [], ...file === undefined ? [] : [file]])
  }
  for (const folder of folders) note(folder.split('/'))
  for (const path of others) note(foldersOf(path), path)
  return [...known].sort(([left], [right]) => left < right ? -1 : 1).map(([name, files]) => sentenceOf(name, files))
}

function sentenceOf (name: string, files: readonly string[]): string {
  const folder = `The folder ${listed([name])}`
  if (files.length === 0) throw new OperatorError(`${folder} is empty: put pictures of its class into it, or take it away.`)
  const kinds = kindsOf(files)
  if (files.some((file) => extensionOf(file) === '')) {
    throw new OperatorError(`${folder} has no picture by its name (${kinds}): files of pictures need .jpg, .png or another such ending.`)
  }
  return `${folder} has no picture by its name (${kinds}), so it is no class.`
}

/** `12 .xml, 1 without an ending`: the most frequent first. */
export function kindsOf (files: readonly string[]): string {
  const counts = new Map<string, number>()
  for (const file of files) counts.set(extensionOf(file), (counts.get(extensionOf(file)) ?? 0) + 1)
  return [...counts].sort(([, left], [, right]) => right - left)
    .map(([extension, count]) => `${count} ${extension === '' ? 'without an ending' : extension}`).join(', ')
}

/** Ending of a path's name, such as `.xml`; empty for a name without one. */
function extensionOf (path: string): string {
  return /[^/](\.[a-z0-9_-]{1,9})$/i.exec(path)?.[1]?.toLowerCase() ?? ''
}
