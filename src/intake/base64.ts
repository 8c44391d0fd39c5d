import { Bytes } from './bytes.js'

const SCHEME = 'data:'
/** More than any media type needs. */
const LONGEST_DATA_URL_HEAD = 1024
const COMMA = ','.charCodeAt(0)
const PERCENT = '%'.charCodeAt(0)
/** What is decoded is handed on in pieces of this size, a multiple of three. */
const PIECE_BYTES = 12 * 1024

const SPACE = 64
const PADDING = 65
const BROKEN = 66
/** What each byte stands for: a digit, or one of the above. RFC 4648 sections 4 and 5. */
const MEANINGS = new Uint8Array(256).fill(BROKEN)
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'
for (const alphabet of [`${ALPHABET}+/`, `${ALPHABET}-_`]) {
  for (const [digit, character] of [...alphabet].entries()) MEANINGS[character.charCodeAt(0)] = digit
}
for (const space of ' \t\r\n\f\v') MEANINGS[space.charCodeAt(0)] = SPACE
MEANINGS['='.charCodeAt(0)] = PADDING

/**
 * Decodes base64 or a data URL (RFC 2397) that arrives in pieces: whitespace is skipped, both alphabets are taken, and what is
 * percent-encoded, which base64 never is by itself, stands for what it says.
 */
export class Base64Decoder {
  private readonly bytes = new Bytes()
  private readonly piece = Buffer.allocUnsafe(PIECE_BYTES)
  private used = 0
  /** What a data URL's scheme may begin with, so far; undefined once it is known what the text is. */
  private scheme: string | undefined = ''
  /** Bytes of a data URL's head so far; undefined outside of one. */
  private headBytes: number | undefined
  /** Hexadecimal digits behind a percent sign so far; undefined outside of such an escape. */
  private escape: string | undefined
  /** Bits of the digits since the last whole three bytes, and how many digits they are. */
  private bits = 0
  private digits = 0
  private padding = 0
  private broken = false
  private large = false

  constructor (private readonly maxBytes: number) {}

  /** More bytes than there may be; the rest is not kept. */
  get tooLarge (): boolean {
    return this.large
  }

  /** Takes text[start] to before text[end]. */
  push (text: Buffer, start: number, end: number): void {
    for (let from = start; from < end;) {
      if (this.escape !== undefined) this.readEscape(text[from++] as number)
      else if (this.scheme !== undefined) this.readScheme(text[from++] as number)
      else if (this.headBytes !== undefined) this.passHead(text[from++] as number)
      else from = this.decode(text, from, end)
    }
  }

  /** The bytes; undefined if the text is not base64. */
  finish (): Buffer | undefined {
    if (this.scheme !== undefined) this.beginDigits()
    if (this.headBytes !== undefined || this.escape !== undefined || this.broken || this.digits === 1 || this.padding > 2) return undefined
    if (this.digits > 1) this.piece[this.used++] = this.bits >> (this.digits * 6 - 8)
    if (this.digits === 3) this.piece[this.used++] = this.bits >> 2
    this.flush()
    return this.bytes.finish()
  }

  private readScheme (byte: number): void {
    if (byte === PERCENT) return this.beginEscape()
    // Blanks before anything mean nothing.
    if (this.scheme === '' && MEANINGS[byte] === SPACE) return
    this.scheme += String.fromCharCode(byte)
    const scheme = this.scheme?.toLowerCase() ?? ''
    if (scheme === SCHEME) this.beginHead()
    else if (!SCHEME.startsWith(scheme)) this.beginDigits()
  }

  /** What began like a data URL is none: those bytes are digits. */
  private beginDigits (): void {
    const digits = Buffer.from(this.scheme ?? '', 'latin1')
    this.scheme = undefined
    this.decode(digits, 0, digits.length)
  }

  private beginHead (): void {
    this.scheme = undefined
    this.headBytes = 0
  }

  private passHead (byte: number): void {
    if (byte === PERCENT) return this.beginEscape()
    this.headBytes = (this.headBytes ?? 0) + 1
    if (this.headBytes > LONGEST_DATA_URL_HEAD) this.broken = true
    if (byte === COMMA) this.headBytes = undefined
  }

  private beginEscape (): void {
    this.escape = ''
  }

  private readEscape (byte: number): void {
    this.escape += String.fromCharCode(byte)
    if (this.escape?.length !== 2) return
    const value = /^[\da-f]{2}$/i.test(this.escape) ? Number.parseInt(this.escape, 16) : PERCENT
    this.escape = undefined
    if (value === PERCENT) this.broken = true
    else this.push(Buffer.of(value), 0, 1)
  }

  /** Returns where it stopped: at the end, or behind a percent sign. */
  private decode (text: Buffer, start: number, end: number): number {
    if (this.broken || this.large) return end
    let { bits, digits, padding } = this
    let index = start
    while (index < end) {
      const byte = text[index++] as number
      const meaning = MEANINGS[byte] as number
      if (meaning < SPACE && padding === 0) {
        bits = bits << 6 | meaning
        if (++digits < 4) continue
        this.emit(bits)
        bits = 0
        digits = 0
      } else if (meaning === PADDING) padding++
      else if (byte === PERCENT) {
        this.beginEscape()
        break
      } else if (meaning !== SPACE) this.broken = true
    }
    this.bits = bits
    this.digits = digits
    this.padding = padding
    return index
  }

  private emit (bits: number): void {
    this.piece[this.used++] = bits >> 16
    this.piece[this.used++] = bits >> 8
    this.piece[this.used++] = bits
    if (this.used === PIECE_BYTES) this.flush()
  }

  private flush (): void {
    this.large ||= this.bytes.length + this.used > this.maxBytes
    if (!this.large) this.bytes.append(this.piece.subarray(0, this.used))
    this.used = 0
  }
}
