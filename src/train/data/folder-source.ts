import { join } from 'node:path'
import { OperatorError } from '../../base/errors.js'
import { entriesIn, namesAnyPicture } from '../../base/picture-files.js'
import { readImage } from '../../base/read-image.js'
import type { PictureFile, PictureSource } from './picture-source.js'

/** Lists a folder; links are followed. Throws an OperatorError if it, or a folder in it, cannot be read. */
export async function openFolder (folder: string, maxImageBytes: number): Promise<PictureSource> {
  const pictures: PictureFile[] = []
  const others: string[] = []
  const folders: string[] = []
  const unreadable = (below: string, reason: Error): never => {
    throw new OperatorError(`${join(folder, below)} cannot be read: ${reason.message}.`, { cause: reason })
  }
  for await (const path of entriesIn(folder, unreadable)) {
    if (path.endsWith('/')) folders.push(path.slice(0, -1))
    else if (namesAnyPicture(path)) pictures.push({ path, read: () => readImage(join(folder, path), maxImageBytes) })
    else others.push(path)
  }
  return { pictures, others, folders, close: async () => {} }
}
