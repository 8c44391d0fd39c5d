import { crc32, deflateRawSync } from 'node:zlib'

export interface ZipEntry {
  readonly name: string
  readonly content: Uint8Array
  readonly deflated?: boolean
  /** Lies to tell in the directory; the mode is that of Unix, with the file's type. */
  readonly claims?: { readonly checksum?: number, readonly bytes?: number, readonly encrypted?: boolean, readonly mode?: number }
}

/** A zip file, which may lie about its entries (https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT). */
export function zip (entries: readonly ZipEntry[]): Buffer {
  const locals: Buffer[] = []
  const directory: Buffer[] = []
  let offset = 0
  for (const { name, content, deflated = false, claims = {} } of entries) {
    const stored = deflated ? deflateRawSync(content) : Buffer.from(content)
    const common = Buffer.alloc(26)
    common.writeUInt16LE(20, 0)
    common.writeUInt16LE(claims.encrypted === true ? 1 : 0, 2)
    common.writeUInt16LE(deflated ? 8 : 0, 4)
    common.writeUInt32LE(claims.checksum ?? crc32(content), 10)
    common.writeUInt32LE(stored.length, 14)
    common.writeUInt32LE(claims.bytes ?? content.length, 18)
    common.writeUInt16LE(name.length, 22)
    const local = Buffer.concat([Buffer.from('PK\x03\x04'), common, Buffer.from(name), stored])
    const rest = Buffer.alloc(14)
    rest.writeUInt32LE((claims.mode ?? 0) * 2 ** 16, 6)
    rest.writeUInt32LE(offset, 10)
    directory.push(Buffer.concat([Buffer.from('PK\x01\x02'), Buffer.from([20, 0]), common, rest, Buffer.from(name)]))
    locals.push(local)
    offset += local.length
  }
  const end = Buffer.alloc(18)
  end.writeUInt16LE(entries.length, 4)
  end.writeUInt16LE(entries.length, 6)
  end.writeUInt32LE(Buffer.concat(directory).length, 8)
  end.writeUInt32LE(offset, 12)
  return Buffer.concat([...locals, ...directory, Buffer.from('PK\x05\x06'), end])
}
