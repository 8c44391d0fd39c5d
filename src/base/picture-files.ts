import type { Dirent } from 'node:fs'
import { opendir, realpath } from 'node:fs/promises'
import { join } from 'node:path'
import { UnreadableError, existing } from './existing.js'

/** Names that a folder is searched for; a file that is named itself may have any name. JPEG has had many (jfif is that of Windows). */
const PICTURE = /\.(?:p?jpe?g|jpe|pjp|jfif|jfi|jif|a?png|webp|gif|avifs?|tiff?)$/i
/** Pictures that are not decoded here, by their names. */
const UNREAD_PICTURE = /\.(?:bmp|dib|hei[cf]s?|hif|jp2|j2k|jpx|jxl|jxr|p[bgpn]m|tga|exr|ico|svg|psd|cr[23w]|nef|nrw|arw|dng|orf|raf)$/i
/** Hidden things, and what systems put beside files: at the root of a volume, into archives, and for their own thumbnails. */
const SKIPPED_NAMES = new Set([
  'lost+found', '__macosx', '@eadir', '#recycle', '$recycle.bin', 'system volume information', 'thumbs.db', 'ehthumbs.db', 'desktop.ini',
  'icon\r'
])

/** Whether a file of this name is taken for a picture. */
export function isPictureName (name: string): boolean {
  return PICTURE.test(name)
}

/** Whether a file's name says that it is a picture, of a format that is read here or not. */
export function namesAnyPicture (name: string): boolean {
  return PICTURE.test(name) || UNREAD_PICTURE.test(name)
}

/** Whether a name stands for nothing that people put there: hidden, or a system's own. */
export function isSkippedName (name: string): boolean {
  return name.startsWith('.') || SKIPPED_NAMES.has(name.toLowerCase())
}

/** Told of a folder whose contents stay unknown. */
export type OnUnreadable = (folder: string, reason: Error) => void

interface Walk {
  readonly root: string
  /** Below the root, with a slash at its end; empty for the root. */
  readonly folder: string
  /** Real paths of the folders above and of this one. */
  readonly chain: readonly string[]
  /** Whether pictures alone are wanted, or all files, and folders. */
  readonly picturesOnly: boolean
}

/**
 * The picture files below a folder, as paths relative to it, always in the same order: by name, one folder after the other.
 * Hidden names are skipped. Links are followed, except where one leads to a folder that it is in. Only the names of one folder
 * at each depth are held at a time. Rejects with the system's error if the folder itself cannot be read.
 */
export async function * picturesIn (root: string, onUnreadable: OnUnreadable): AsyncGenerator<string> {
  yield * filesBelow({ root, folder: '', chain: [await realpath(root)], picturesOnly: true }, onUnreadable)
}

/** Walks as `picturesIn` does, whatever the files' names; each folder comes before its files, with a slash at its end. */
export async function * entriesIn (root: string, onUnreadable: OnUnreadable): AsyncGenerator<string> {
  yield * filesBelow({ root, folder: '', chain: [await realpath(root)], picturesOnly: false }, onUnreadable)
}

async function * filesBelow (place: Walk, onUnreadable: OnUnreadable): AsyncGenerator<string> {
  for (const name of await namesIn(place)) {
    const path = place.folder + name
    if (!name.endsWith('/')) {
      yield path
      continue
    }
    if (!place.picturesOnly) yield path
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
async function namesIn ({ root, folder, picturesOnly }: Walk): Promise<string[]> {
  const path = join(root, folder)
  const names: string[] = []
  for await (const entry of await opendir(path)) {
    if (isSkippedName(entry.name)) continue
    if (await isFolder(entry, path)) names.push(`${entry.name}/`)
    else if ((entry.isFile() || entry.isSymbolicLink()) && (!picturesOnly || isPictureName(entry.name))) names.push(entry.name)
  }
  return names.sort()
}

async function isFolder (entry: Dirent, folder: string): Promise<boolean> {
  if (!entry.isSymbolicLink()) return entry.isDirectory()
  try {
    return (await existing(join(folder, entry.name)))?.isDirectory() === true
  } catch (error) {
    if (!(error instanceof UnreadableError)) throw error
    // Reading a picture says what is wrong; of any other name it may be a folder of them, and going into it says so.
    return !namesAnyPicture(entry.name)
  }
}
