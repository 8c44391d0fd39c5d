const SIMPLE = { '"': '"', '\\': '\\', '/': '/', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' }
/** By the byte behind the backslash. */
const STANDS_FOR = new Map(Object.entries(SIMPLE).map(([name, text]) => [name.charCodeAt(0), text.charCodeAt(0)]))
const HEX_DIGITS = 4
const REPLACEMENT = 0xfffd
const NONE = 0

/** What takes UTF-8: bytes[start] to before bytes[end], lent for the call. */
type TakeText = (bytes: Buffer, start: number, end: number) => void

/** Hands on what the escapes of a text stand for, in UTF-8; the halves of a surrogate pair come as two escapes. */
export class Escapes {
  private readonly bytes = Buffer.alloc(4)
  private digits = 0
  private unit = 0
  /** The first half of a pair, which waits for the other. */
  private high = NONE

  constructor (private readonly take: TakeText) {}

  simple (byte: number): void {
    this.finish()
    this.emit(STANDS_FOR.get(byte) ?? REPLACEMENT)
  }

  /** Takes a hexadecimal digit; true if it is the fourth. */
  hex (byte: number): boolean {
    // The low bits of letters count from 1 in both cases.
    this.unit = this.unit << 4 | (byte <= 0x39 ? byte & 0xf : (byte & 0xf) + 9)
    if (++this.digits < HEX_DIGITS) return false
    this.takeUnit(this.unit)
    this.digits = 0
    this.unit = 0
    return true
  }

  /** What stands next is no escape. */
  finish (): void {
    if (this.high === NONE) return
    this.high = NONE
    this.emit(REPLACEMENT)
  }

  private takeUnit (unit: number): void {
    const half = unit & 0xfc00
    if (half === 0xdc00 && this.high !== NONE) {
      const character = 0x10000 + ((this.high & 0x3ff) << 10) + (unit & 0x3ff)
      this.high = NONE
      return this.emit(character)
    }
    this.finish()
    if (half === 0xd800) this.high = unit
    else this.emit(half === 0xdc00 ? REPLACEMENT : unit)
  }

  private emit (character: number): void {
    const { bytes } = this
    if (character < 0x80) {
      bytes[0] = character
      this.take(bytes, 0, 1)
    } else {
      this.take(bytes, 0, bytes.write(String.fromCodePoint(character)))
    }
  }
}
