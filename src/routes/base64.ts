import { Bytes } from './bytes.js'

const DATA_URL = Buffer.from('data:')
/** More than any media type needs. */
const LONGEST_DATA_URL_HEAD = 1024
const COMMA = 0x2c
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

/** Decodes base64 or a data URL that arrives in pieces; whitespace is skipped, and both alphabets are taken. */
export class Base64Decoder {
  private readonly bytes = new Bytes()
  private readonly piece = Buffer.allocUnsafe(PIECE_BYTES)
  private used = 0
  /** Bytes of DATA_URL that the text began with; undefined once it is known what the text is. */
  private matched: number | undefined = 0
  /** Bytes of a data URL's head so far; undefined outside of one. */
  private headBytes: number | undefined
  /** Of the digits since the last whole three bytes, and how many they are. */
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
    let from = start
    while (this.matched !== undefined && from < end) {
      if (text[from] !== DATA_URL[this.matched]) this.beginDigits()
      else if (++from && ++this.matched === DATA_URL.length) this.beginHead()
    }
    while (this.headBytes !== undefined && from < end) this.passHead(text[from++] as number)
    if (this.matched === undefined && this.headBytes === undefined) this.decode(text, from, end)
  }

  /** The bytes; undefined if the text is not base64. */
  finish (): Buffer | undefined {
    if (this.matched !== undefined) this.beginDigits()
    if (this.headBytes !== undefined || this.broken || this.digits === 1 || this.padding > 2) return undefined
    if (this.digits > 1) this.piece[this.used++] = this.bits >> (this.digits * 6 - 8)
    if (this.digits === 3) this.piece[this.used++] = this.bits >> 2
    this.flush()
    return this.bytes.finish()
  }

  /** What began like a data URL is none: those bytes are digits. */
  private beginDigits (): void {
    const { matched } = this
    this.matched = undefined
    this.decode(DATA_URL, 0, matched ?? 0)
  }

  private beginHead (): void {
    this.matched = undefined
    this.headBytes = 0
  }

  private passHead (byte: number): void {
    this.headBytes = (this.headBytes ?? 0) + 1
    if (this.headBytes > LONGEST_DATA_URL_HEAD) this.broken = true
    if (byte === COMMA) this.headBytes = undefined
  }

  private decode (text: Buffer, start: number, end: number): void {
    if (this.broken || this.large) return
    let { bits, digits, padding } = this
    for (let index = start; index < end; index++) {
      const meaning = MEANINGS[text[index] as number] as number
      if (meaning < SPACE && padding === 0) {
        bits = bits << 6 | meaning
        if (++digits < 4) continue
        this.emit(bits)
        bits = 0
        digits = 0
      } else if (meaning === PADDING) padding++
      else if (meaning !== SPACE) this.broken = true
    }
    this.bits = bits
    this.digits = digits
    this.padding = padding
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
