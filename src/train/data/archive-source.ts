import { once } from 'node:events'
import { createReadStream } from 'node:fs'
import { Parser, type ReadEntry } from 'tar'
import { contentError, judged } from '../../base/content.js'
import { OperatorError } from '../../base/errors.js'
import { imageTooLarge, unreadableFile } from '../../base/sentences.js'
import { unreadable } from '../../base/existing.js'
import { isSkippedName, namesAnyPicture } from '../../base/picture-files.js'
import { MAX_COMPRESSION, MAX_FILES, pathWithin, type ArchiveLimits } from './archive-limits.js'
import type { PictureFile, PictureSource } from './picture-source.js'
import { Spool, SpoolError } from './spool.js'

/** Bytes of the archive that are read at a time. */
const PIECE_BYTES = 256 * 1024
const FILE_TYPES: ReadonlySet<string> = new Set(['File', 'OldFile', 'ContiguousFile'])
const FOLDER_TYPES: ReadonlySet<string> = new Set(['Directory', 'GNUDumpDir'])

/**
 * Reads a tar archive, compressed with gzip or not, once; no file of it is ever made under its name. Throws an OperatorError if it
 * is none, is damaged, holds links or devices, names files outside of it, or grows beyond what pictures do.
 */
export async function openArchive (archive: string, { maxImageBytes, spoolFolder }: ArchiveLimits): Promise<PictureSource> {
  const spool = await Spool.open(spoolFolder)
  const contents = new ArchiveContents(spool, maxImageBytes)
  try {
    await readEntries(archive, contents)
    return { ...contents.listed(), close: () => spool.close() }
  } catch (error) {
    await spool.close()
    throw error instanceof OperatorError && !(error instanceof SpoolError) ? refusal(archive, error) : unreadable(archive, error)
  }
}

function refusal (archive: string, cause: Error): OperatorError {
  return new OperatorError(`${archive} cannot be read as a .tar or .tgz of pictures: ${cause.message.replace(/\.$/, '')}.`, { cause })
}

/** Has the parser read a piece after the other, and keeps what each piece completed before the next. */
async function readEntries (archive: string, contents: ArchiveContents): Promise<void> {
  const parser = new Parser({ strict: true, maxDecompressionRatio: MAX_COMPRESSION, brotli: false })
  const failure = new AbortController()
  const ended = new Promise<void>((resolve) => { parser.on('end', resolve) })
  let hasEnd = false
  parser.on('eof', () => { hasEnd = true })
  const fail = (error: unknown): void => { failure.abort(error) }
  const failed = once(failure.signal, 'abort')
  parser.on('error', (error: unknown) => { fail(contentError(error)) })
  parser.on('entry', (entry: ReadEntry) => {
    try {
      contents.take(entry)
    } catch (error) {
      fail(error)
    }
  })
  for await (const piece of createReadStream(archive, { highWaterMark: PIECE_BYTES })) {
    judged(() => parser.write(piece as Buffer))
    failure.signal.throwIfAborted()
    await contents.keepCompleted()
  }
  judged(() => parser.end())
  await Promise.race([ended, failed])
  failure.signal.throwIfAborted()
  if (!hasEnd) throw new OperatorError('it is cut short: the two empty blocks that end an archive are missing')
  await contents.keepCompleted()
}

class ArchiveContents {
  /** A later file of the same path takes the place of an earlier one; undefined where it is no picture. */
  private readonly files = new Map<string, PictureFile['read'] | undefined>()
  private readonly folders = new Set<string>()
  /** Pictures that the parser has given whole. */
  private completed: Array<{ readonly path: string, readonly pieces: readonly Uint8Array[] }> = []

  constructor (private readonly spool: Spool, private readonly maxImageBytes: number) {}

  listed (): Pick<PictureSource, 'pictures' | 'others' | 'folders'> {
    const pictures: PictureFile[] = []
    const others: string[] = []
    for (const [path, read] of this.files) {
      if (read === undefined) others.push(path)
      else pictures.push({ path, read })
    }
    return { pictures, others, folders: [...this.folders] }
  }

  /** Begins to read an entry. Throws an OperatorError if it is none that a dataset has. */
  take (entry: ReadEntry): void {
    const path = pathWithin(entry.path)
    const isHidden = path.split('/').some(isSkippedName)
    const isFolder = FOLDER_TYPES.has(entry.type)
    if (isFolder && !isHidden && this.folders.size < MAX_FILES) this.folders.add(path)
    if (isHidden || isFolder) {
      entry.resume()
      return
    }
    if (!FILE_TYPES.has(entry.type)) {
      throw new OperatorError(`its ${path} is no file (${entry.type}): pack with tar --dereference --hard-dereference`)
    }
    if (this.files.size >= MAX_FILES) throw new OperatorError(`it has more than ${MAX_FILES} files`)
    this.takeFile(path, entry)
  }

  async keepCompleted (): Promise<void> {
    const completed = this.completed
    this.completed = []
    for (const { path, pieces } of completed) {
      const read = await this.spool.add(pieces)
      this.files.set(path, async () => await read().catch(unreadableFile))
    }
  }

  private takeFile (path: string, entry: ReadEntry): void {
    const { maxImageBytes } = this
    const isTooLarge = entry.size > maxImageBytes
    this.files.set(path, namesAnyPicture(path) ? async () => imageTooLarge(entry.size, maxImageBytes) : undefined)
    if (!namesAnyPicture(path) || isTooLarge) {
      entry.resume()
      return
    }
    const pieces: Uint8Array[] = []
    entry.on('end', () => { this.completed.push({ path, pieces }) })
    entry.on('data', (piece: Uint8Array) => { pieces.push(piece) })
  }
}
