import { OperatorError } from '../../base/errors.js'

/** The bytes that were read end within a pickle: there may be more of them in the file. */
export class EndOfBytes extends OperatorError {
  constructor () {
    super('its pickle ends early')
  }
}

/** Reads numbers and texts of a pickle one after the other. */
export class Cursor {
  constructor (private readonly bytes: Buffer, public position = 0) {}

  byte (): number {
    return this.bytes[this.take(1)] as number
  }

  uint16 (): number {
    return this.bytes.readUInt16LE(this.take(2))
  }

  uint32 (): number {
    return this.bytes.readUInt32LE(this.take(4))
  }

  int32 (): number {
    return this.bytes.readInt32LE(this.take(4))
  }

  /** A length of eight bytes, which must be of something that is there. */
  uint64 (): number {
    return Number(this.bytes.readBigUInt64LE(this.take(8)))
  }

  float64 (): number {
    return this.bytes.readDoubleBE(this.take(8))
  }

  slice (length: number): Buffer {
    const start = this.take(length)
    return this.bytes.subarray(start, start + length)
  }

  text (length: number): string {
    return this.slice(length).toString('utf8')
  }

  /** A whole number in two's complement, little-endian. */
  integer (length: number): number | bigint {
    const digits = this.slice(length)
    if (length === 0) return 0
    const unsigned = BigInt(`0x${Buffer.from(digits).reverse().toString('hex')}`)
    const value = BigInt.asIntN(length * 8, unsigned)
    return Number.isSafeInteger(Number(value)) ? Number(value) : value
  }

  /** What stands before the next line feed, which is passed. */
  line (): string {
    const end = this.bytes.indexOf(0x0a, this.position)
    if (end < 0) throw new EndOfBytes()
    const text = this.bytes.toString('utf8', this.position, end)
    this.position = end + 1
    return text
  }

  /** Passes bytes that must be there; where they begin. */
  private take (length: number): number {
    const start = this.position
    if (length > this.bytes.length - start) throw new EndOfBytes()
    this.position = start + length
    return start
  }
}
