import { createWriteStream } from 'node:fs'
import type { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { crc32 } from 'node:zlib'
import { openPromise, type Entry, type ZipFile } from 'yauzl'
import { MAX_COMPRESSION } from './limits.js'

/** A .keras archive has three entries; PyTorch's have one a tensor. */
const MAX_ENTRIES = 100_000

/** The entries of an open zip file by name. */
export interface Zip {
  readonly entries: ReadonlyMap<string, Entry>
  /** Reads an entry into memory. An Error if there is none, if it is larger than `maxBytes`, or damaged. */
  read (name: string, maxBytes: number): Promise<Buffer>
  /** Writes an entry to a new file, on the same terms. */
  extract (name: string, maxBytes: number, to: string): Promise<void>
}

/** Opens a zip file for as long as `use` takes. */
export async function withZip<T> (path: string, use: (zip: Zip) => Promise<T>): Promise<T> {
  const file = await openPromise(path, { autoClose: false })
  try {
    if (file.entryCount > MAX_ENTRIES) throw new Error(`it claims ${file.entryCount} entries`)
    const entries = new Map<string, Entry>()
    for await (const entry of file.eachEntry()) entries.set(entry.fileName, entry)
    return await use({
      entries,
      read: async (name, maxBytes) => await buffer(checked(name, ...await openEntry(file, entries, name, maxBytes))),
      extract: async (name, maxBytes, to) => {
        const content = checked(name, ...await openEntry(file, entries, name, maxBytes))
        await pipeline(content, createWriteStream(to, { flags: 'wx', mode: 0o600 }))
      }
    })
  } finally {
    file.close()
  }
}

async function openEntry (file: ZipFile, entries: ReadonlyMap<string, Entry>, name: string, maxBytes: number): Promise<[Entry, Readable]> {
  const entry = entries.get(name)
  if (entry === undefined) throw new Error(`it has no ${name}`)
  if (!entry.canDecodeFileData()) throw new Error(`its ${name} is encrypted or compressed in an unusual way`)
  const { uncompressedSize, compressedSize } = entry
  if (uncompressedSize > maxBytes || uncompressedSize > compressedSize * MAX_COMPRESSION) {
    throw new Error(`its ${name} claims to grow from ${compressedSize} to ${uncompressedSize} bytes, which is too much`)
  }
  // yauzl holds the stream to the claimed size.
  return [entry, await file.openReadStreamPromise(entry)]
}

/** Passes the bytes on and throws at the end if their checksum is wrong, which yauzl leaves to its users. */
export async function * checked (name: string, entry: Entry, stream: Readable): AsyncGenerator<Buffer> {
  let checksum = 0
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    checksum = crc32(chunk, checksum)
    yield chunk
  }
  if (checksum !== entry.crc32) throw new Error(`the checksum of its ${name} is wrong: it is damaged`)
}
