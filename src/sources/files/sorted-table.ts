import { OperatorError } from '../../base/errors.js'

/** The magic number at the end of a table. */
const MAGIC = Buffer.from('57fb808b247547db', 'hex')
const FOOTER_BYTES = 48
/** Behind each block: how it is compressed, and a checksum. */
const NO_COMPRESSION = 0
const MAX_ENTRIES = 100_000

/**
 * All entries of a sorted table as TensorFlow writes the index of a checkpoint: LevelDB's format, never compressed
 * (https://github.com/google/leveldb/blob/main/doc/table_format.md). Throws an OperatorError if it is damaged.
 */
export function readSortedTable (bytes: Buffer): Map<string, Buffer> {
  if (bytes.length < FOOTER_BYTES || !bytes.subarray(-MAGIC.length).equals(MAGIC)) {
    throw new OperatorError('it is cut off, or no sorted table')
  }
  const footer = new Cursor(bytes.subarray(-FOOTER_BYTES))
  footer.handle()
  const entries = new Map<string, Buffer>()
  for (const [, handle] of blockEntries(blockAt(bytes, footer.handle()))) {
    for (const [key, value] of blockEntries(blockAt(bytes, new Cursor(handle).handle()))) {
      if (entries.size >= MAX_ENTRIES) throw new OperatorError(`it has more than ${MAX_ENTRIES} entries`)
      entries.set(key.toString('latin1'), value)
    }
  }
  return entries
}

interface Handle { readonly offset: number, readonly bytes: number }

function blockAt (table: Buffer, { offset, bytes }: Handle): Buffer {
  if (offset + bytes + 1 > table.length - FOOTER_BYTES) throw new OperatorError('it points beyond its end')
  if (table[offset + bytes] !== NO_COMPRESSION) throw new OperatorError('it is compressed, which no index of TensorFlow is')
  return table.subarray(offset, offset + bytes)
}

/** Keys share their beginnings with the one before; the end of a block says where they do not. */
function * blockEntries (block: Buffer): Generator<readonly [key: Buffer, value: Buffer]> {
  const restarts = block.length < 4 ? NaN : block.readUInt32LE(block.length - 4)
  const end = block.length - 4 - 4 * restarts
  if (!(end >= 0)) throw new OperatorError('it has a damaged block')
  const cursor = new Cursor(block.subarray(0, end))
  let key = Buffer.alloc(0)
  while (!cursor.isAtEnd) {
    const [shared, own, length] = [cursor.varint(), cursor.varint(), cursor.varint()]
    if (shared > key.length) throw new OperatorError('it has a damaged key')
    key = Buffer.concat([key.subarray(0, shared), cursor.take(own)])
    yield [key, cursor.take(length)]
  }
}

class Cursor {
  private position = 0

  constructor (private readonly bytes: Buffer) {}

  get isAtEnd (): boolean {
    return this.position >= this.bytes.length
  }

  /** A number of seven bits a byte, the lowest first. */
  varint (): number {
    let value = 0
    for (let factor = 1; factor < 2 ** 49; factor *= 128) {
      const byte = this.take(1)[0] ?? 0
      value += (byte & 127) * factor
      if (byte < 128) return value
    }
    throw new OperatorError('it has a number without end')
  }

  take (length: number): Buffer {
    const taken = this.bytes.subarray(this.position, this.position + length)
    if (taken.length !== length) throw new OperatorError('it ends early')
    this.position += length
    return taken
  }

  handle (): Handle {
    return { offset: this.varint(), bytes: this.varint() }
  }
}
