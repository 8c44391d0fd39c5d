import type { Dirent } from 'node:fs'
import { opendir, realpath, stat } from 'node:fs/promises'
import { join } from 'node:path'

/** Names that a folder is searched for; a file that is named itself may have any name. */
const PICTURE = /\.(?:jpe?g|png|webp|gif|avif|tiff?)$/i
/** Hidden things, and what a file system puts at the root of a volume, which only root may read. */
const SKIPPED = /^(?:\.|lost\+found$)/

/** Whether a file of this name is taken for a picture. */
export function isPictureName (name: string): boolean {
  return PICTURE.test(name)
}

/** Whether a name stands for nothing that people put there: hidden, or the file system's own. */
export function isSkippedName (name: string): boolean {
  return SKIPPED.test(name)
}

/** Told of a folder whose contents stay unknown. */
export type OnUnreadable = (folder: string, reason: Error) => void

interface Place {
  readonly root: string
  /** Below the root, with a slash at its end; empty for the root. */
  readonly folder: string
  /** Real paths of the folders above and of this one. */
  readonly chain: readonly string[]
  /** Whether a file of this name is wanted. */
  readonly accepts: (name: string) => boolean
}

/**
 * The picture files below a folder, as paths relative to it, always in the same order: by name, one folder after the other.
 * Hidden names are skipped. Links are followed, except where one leads to a folder that it is in. Only the names of one folder
 * at each depth are held at a time. Rejects with the system's error if the folder itself cannot be read.
 */
export async function * picturesIn (root: string, onUnreadable: OnUnreadable): AsyncGenerator<string> {
  yield * filesBelow({ root, folder: '', chain: [await realpath(root)], accepts: isPictureName }, onUnreadable)
}

/** As `picturesIn`, whatever the files' names. */
export async function * filesIn (root: string, onUnreadable: OnUnreadable): AsyncGenerator<string> {
  yield * filesBelow({ root, folder: '', chain: [await realpath(root)], accepts: () => true }, onUnreadable)
}

async function * filesBelow (place: Place, onUnreadable: OnUnreadable): AsyncGenerator<string> {
  for (const name of await namesIn(place)) {
    const path = place.folder + name
    if (!name.endsWith('/')) {
      yield path
      continue
    }
    try {
      const real = await realpath(join(place.root, path))
      if (!place.chain.includes(real)) yield * filesBelow({ ...place, folder: path, chain: [...place.chain, real] }, onUnreadable)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).syscall === undefined) throw error
      onUnreadable(path, error as Error)
    }
  }
}

/** Names of files that are wanted, and of folders with a slash at their end, sorted. */
async function namesIn ({ root, folder, accepts }: Place): Promise<string[]> {
  const path = join(root, folder)
  const names: string[] = []
  for await (const entry of await opendir(path)) {
    if (isSkippedName(entry.name)) continue
    if (await isFolder(entry, path)) names.push(`${entry.name}/`)
    else if ((entry.isFile() || entry.isSymbolicLink()) && accepts(entry.name)) names.push(entry.name)
  }
  return names.sort()
}

async function isFolder (entry: Dirent, folder: string): Promise<boolean> {
  if (!entry.isSymbolicLink()) return entry.isDirectory()
  // A link that leads nowhere may have a picture's name: reading it says what is wrong.
  return await stat(join(folder, entry.name)).then((target) => target.isDirectory(), () => false)
}
