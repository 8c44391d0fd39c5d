/**
 * Reads what a TIFF says of its pictures (TIFF 6.0 section 2; BigTIFF, version 43): the tags of its directories, and nothing of
 * its pixels. The work is bounded whatever the file says, and what leads out of the file is as if it were not there.
 */

/** Numbers of a tag, and where in the file they are. */
export interface Tag {
  readonly type: number
  readonly values: readonly number[]
  /** Where the first value is, in bytes from the beginning of the file. */
  readonly at: number
  /** Bytes that all of its values take, of which `values` may be the first. */
  readonly bytes: number
}

export type Directory = ReadonlyMap<number, Tag>

/** Directories of a file, the first picture's first, then those that it leads to. */
export interface Tiff {
  readonly littleEndian: boolean
  readonly directories: readonly Directory[]
}

const SUB_DIRECTORIES = 330

const MAX_DIRECTORIES = 32
const MAX_ENTRIES = 4096
const MAX_VALUES = 64

/** Bytes of a value of each type; fractions (5, 10) are not read. */
const TYPE_BYTES: Readonly<Record<number, number>> = {
  1: 1, 2: 1, 3: 2, 4: 4, 6: 1, 7: 1, 8: 2, 9: 4, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8
}

/** The directories of a file that begins as a TIFF does; none where they cannot be read. */
export function readTiff (file: Uint8Array): Tiff {
  const littleEndian = file[0] === 0x49
  return { littleEndian, directories: file.length < 16 ? [] : new TiffReader(file, littleEndian).directories() }
}

class TiffReader {
  private readonly view: DataView
  private readonly big: boolean

  constructor (file: Uint8Array, private readonly littleEndian: boolean) {
    this.view = new DataView(file.buffer, file.byteOffset, file.length)
    this.big = this.view.getUint16(2, littleEndian) === 43
  }

  directories (): Directory[] {
    const found: Directory[] = []
    const seen = new Set<number>()
    const offsets = [this.big ? this.wide(8) : this.view.getUint32(4, this.littleEndian)]
    for (let at = offsets.shift(); at !== undefined && found.length < MAX_DIRECTORIES; at = offsets.shift()) {
      if (seen.has(at)) continue
      seen.add(at)
      const read = this.directory(at)
      if (read === undefined) continue
      found.push(read.tags)
      offsets.push(...read.tags.get(SUB_DIRECTORIES)?.values ?? [], read.next)
    }
    return found
  }

  private directory (at: number): { tags: Directory, next: number } | undefined {
    const [countBytes, entryBytes] = this.big ? [8, 20] : [2, 12]
    if (at < 8 || !this.holds(at, countBytes)) return undefined
    const count = this.big ? this.wide(at) : this.view.getUint16(at, this.littleEndian)
    const begin = at + countBytes
    const read = Math.min(count, MAX_ENTRIES, Math.floor((this.view.byteLength - begin) / entryBytes))
    const tags = new Map<number, Tag>()
    for (let index = 0; index < read; index++) {
      const entry = begin + index * entryBytes
      const name = this.view.getUint16(entry, this.littleEndian)
      const tag = this.tag(entry)
      // libtiff takes the first of two that are the same.
      if (tag !== undefined && !tags.has(name)) tags.set(name, tag)
    }
    return { tags, next: this.offset(begin + count * entryBytes) }
  }

  private tag (entry: number): Tag | undefined {
    const type = this.view.getUint16(entry + 2, this.littleEndian)
    const size = TYPE_BYTES[type]
    if (size === undefined) return undefined
    const count = this.offset(entry + 4)
    const field = entry + (this.big ? 12 : 8)
    const bytes = count * size
    const at = bytes <= (this.big ? 8 : 4) ? field : this.offset(field)
    if (!this.holds(at, bytes)) return undefined
    const values = Array.from({ length: Math.min(count, MAX_VALUES) }, (_, index) => this.value(type, at + index * size))
    return { type, values, at, bytes }
  }

  private value (type: number, at: number): number {
    switch (type) {
      case 3: return this.view.getUint16(at, this.littleEndian)
      case 4: case 13: return this.view.getUint32(at, this.littleEndian)
      case 6: return this.view.getInt8(at)
      case 8: return this.view.getInt16(at, this.littleEndian)
      case 9: return this.view.getInt32(at, this.littleEndian)
      case 11: return this.view.getFloat32(at, this.littleEndian)
      case 12: return this.view.getFloat64(at, this.littleEndian)
      case 16: case 18: return this.wide(at)
      case 17: return Number(this.view.getBigInt64(at, this.littleEndian))
      default: return this.view.getUint8(at)
    }
  }

  /** A count or an offset, as wide as the file's kind has them; 0 beyond its end. */
  private offset (at: number): number {
    const bytes = this.big ? 8 : 4
    if (!this.holds(at, bytes)) return 0
    return this.big ? this.wide(at) : this.view.getUint32(at, this.littleEndian)
  }

  private wide (at: number): number {
    return Number(this.view.getBigUint64(at, this.littleEndian))
  }

  private holds (at: number, bytes: number): boolean {
    return at >= 0 && at + bytes <= this.view.byteLength
  }
}
