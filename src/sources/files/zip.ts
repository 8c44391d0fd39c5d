import { createWriteStream } from 'node:fs'
import type { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { crc32 } from 'node:zlib'
import { openPromise, type Entry, type ZipFile } from 'yauzl'
import { contentError } from '../../base/content.js'
import { OperatorError } from '../../base/errors.js'
import { MAX_COMPRESSION } from './limits.js'

/** A .keras archive has three entries; PyTorch's have one a tensor. */
const MAX_ENTRIES = 100_000

/** The entries of an open zip file by name. */
export interface Zip {
  readonly entries: ReadonlyMap<string, Entry>
  /** Reads an entry into memory. An OperatorError if there is none, if it is larger than `maxBytes`, or damaged. */
  read (name: string, maxBytes: number): Promise<Buffer>
  /** Writes an entry to a new file, on the same terms. */
  extract (name: string, maxBytes: number, to: string): Promise<void>
}

/** Opens a zip file for as long as `use` takes. */
export async function withZip<T> (path: string, use: (zip: Zip) => Promise<T>): Promise<T> {
  const zip = await openZip(path)
  try {
    return await use(zip)
  } finally {
    zip.close()
  }
}

/** Opens a zip file, to be closed by the caller. Throws an OperatorError if it is none. */
export async function openZip (path: string): Promise<Zip & { close (): void }> {
  const file = await openZipFile(path)
  try {
    if (file.entryCount > MAX_ENTRIES) throw new OperatorError(`it claims ${file.entryCount} entries`)
    const entries = new Map<string, Entry>()
    for await (const entry of entriesOf(file)) entries.set(entry.fileName, entry)
    return {
      entries,
      read: async (name, maxBytes) => await buffer(checked(name, ...await openEntry(file, entries, name, maxBytes))),
      extract: async (name, maxBytes, to) => {
        const content = checked(name, ...await openEntry(file, entries, name, maxBytes))
        await pipeline(content, createWriteStream(to, { flags: 'wx', mode: 0o600 }))
      },
      close: () => { file.close() }
    }
  } catch (error) {
    file.close()
    throw error
  }
}

async function openEntry (file: ZipFile, entries: ReadonlyMap<string, Entry>, name: string, maxBytes: number): Promise<[Entry, Readable]> {
  const entry = entries.get(name)
  if (entry === undefined) throw new OperatorError(`it has no ${name}`)
  if (!entry.canDecodeFileData()) throw new OperatorError(`its ${name} is encrypted or compressed in an unusual way`)
  const { uncompressedSize, compressedSize } = entry
  if (uncompressedSize > maxBytes || uncompressedSize > compressedSize * MAX_COMPRESSION) {
    throw new OperatorError(`its ${name} claims to grow from ${compressedSize} to ${uncompressedSize} bytes, which is too much`)
  }
  // yauzl holds the stream to the claimed size.
  return [entry, await openEntryStream(file, entry)]
}

/** Opens a zip file, to be closed by the caller. Throws an OperatorError if it is none. */
export async function openZipFile (path: string): Promise<ZipFile> {
  return await openPromise(path, { autoClose: false }).catch(refuse)
}

/** What its directory lists. Throws an OperatorError where that is damaged. */
export async function * entriesOf (file: ZipFile): AsyncGenerator<Entry> {
  try {
    yield * file.eachEntry()
  } catch (error) {
    refuse(error)
  }
}

/** The bytes of an entry, to be read through `checked`. Throws an OperatorError where there are none. */
export async function openEntryStream (file: ZipFile, entry: Entry): Promise<Readable> {
  return await file.openReadStreamPromise(entry).catch(refuse)
}

function refuse (error: unknown): never {
  throw contentError(error)
}

/** Passes the bytes on, and throws an OperatorError if they are damaged: their checksum is left to its users by yauzl. */
export async function * checked (name: string, entry: Entry, stream: Readable): AsyncGenerator<Buffer> {
  let checksum = 0
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      checksum = crc32(chunk, checksum)
      yield chunk
    }
  } catch (error) {
    refuse(error)
  }
  if (checksum !== entry.crc32) throw new OperatorError(`the checksum of its ${name} is wrong: it is damaged`)
}
