import { buffer } from 'node:stream/consumers'
import type { Entry, ZipFile } from 'yauzl'
import { OperatorError, type ServiceError } from '../../base/errors.js'
import { imageTooLarge, unreadableFile } from '../../base/sentences.js'
import { unreadable as systemError } from '../../base/existing.js'
import { isSkippedName, namesAnyPicture } from '../../base/picture-files.js'
import { checked, entriesOf, openEntryStream, openZipFile } from '../../sources/files/zip.js'
import { MAX_COMPRESSION, MAX_FILES, pathWithin, type ArchiveLimits } from './archive-limits.js'
import type { PictureFile, PictureSource } from './picture-source.js'

/** Modes of Unix, in the upper half of what a zip file keeps of a file. */
const [TYPE_MASK, FOLDER, FILE] = [0o170000, 0o040000, 0o100000]

/**
 * Lists a zip archive, whose files are read from it one at a time when they are asked for; none is ever made under its name. Throws an
 * OperatorError if it is none, is damaged or encrypted, holds links or devices, names files outside of it, or claims to grow beyond what
 * pictures do.
 */
export async function openZip (archive: string, { maxImageBytes }: Pick<ArchiveLimits, 'maxImageBytes'>): Promise<PictureSource> {
  const unreadable = (cause: unknown): never => {
    if (!(cause instanceof OperatorError)) throw systemError(archive, cause)
    throw new OperatorError(`${archive} cannot be read as a .zip of pictures: ${cause.message.replace(/\.$/, '')}.`, { cause })
  }
  const zip = await openZipFile(archive).catch(unreadable)
  try {
    return { ...await listed(archive, zip, maxImageBytes), close: async () => { zip.close() } }
  } catch (error) {
    zip.close()
    return unreadable(error)
  }
}

async function listed (archive: string, zip: ZipFile, maxImageBytes: number): Promise<Omit<PictureSource, 'close'>> {
  if (zip.entryCount > MAX_FILES) throw new OperatorError(`it claims ${zip.entryCount} files`)
  /** A later file of the same path takes the place of an earlier one. */
  const pictures = new Map<string, PictureFile>()
  const others = new Set<string>()
  const folders = new Set<string>()
  let claimed = 0
  for await (const entry of entriesOf(zip)) {
    const path = pathWithin(entry.fileName)
    if (path === '' || path.split('/').some(isSkippedName)) continue
    if (isFolder(entry)) {
      folders.add(path)
    } else {
      demandFile(path, entry)
      if (!namesAnyPicture(path)) others.add(path)
      else pictures.set(path, { path, read: () => readEntry(archive, zip, entry, maxImageBytes) })
      claimed += entry.uncompressedSize
    }
  }
  // Entries may share their bytes: each alone is bounded, all together are only so.
  if (claimed > zip.fileSize * MAX_COMPRESSION) {
    throw new OperatorError(`it claims to grow from ${zip.fileSize} to ${claimed} bytes, which is too much`)
  }
  return { pictures: [...pictures.values()], others: [...others], folders: [...folders] }
}

function typeOf ({ externalFileAttributes }: Entry): number {
  return (externalFileAttributes >>> 16) & TYPE_MASK
}

function isFolder (entry: Entry): boolean {
  return entry.fileName.endsWith('/') || typeOf(entry) === FOLDER
}

function demandFile (path: string, entry: Entry): void {
  const type = typeOf(entry)
  if (type !== 0 && type !== FILE) throw new OperatorError(`its ${path} is no file but a link or a device: pack without zip's --symlinks`)
  if (entry.isEncrypted()) throw new OperatorError(`its ${path} is encrypted`)
  if (!entry.canDecodeFileData()) throw new OperatorError(`its ${path} is compressed in an unusual way: pack it with deflate`)
}

async function readEntry (
  archive: string, zip: ZipFile, entry: Entry, maxImageBytes: number
): Promise<Uint8Array | ServiceError> {
  const { uncompressedSize, fileName } = entry
  if (uncompressedSize > maxImageBytes) return imageTooLarge(uncompressedSize, maxImageBytes)
  try {
    // yauzl holds the stream to the claimed size.
    return await buffer(checked(fileName, entry, await openEntryStream(zip, entry)))
  } catch (cause) {
    if (!(cause instanceof OperatorError)) throw systemError(archive, cause)
    return unreadableFile(cause)
  }
}
