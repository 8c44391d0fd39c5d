import { Bytes } from './bytes.js'

const DATA_URL = 'data:'
const SPACE = /[ \t\r\n\f\v]/
const SPACES = /[ \t\r\n\f\v]+/g
/** More than any media type needs. */
const LONGEST_DATA_URL_HEAD = 1024

/** Decodes base64 or a data URL that arrives in pieces; whitespace is skipped, and both alphabets are taken. */
export class Base64Decoder {
  private readonly bytes = new Bytes()
  /** What may still turn out to be the head of a data URL; undefined once that is decided. */
  private head: string | undefined = ''
  /** Digits that are less than three bytes yet. */
  private rest = ''
  private padding = 0
  private broken = false
  private large = false

  constructor (private readonly maxBytes: number) {}

  /** More bytes than there may be; the rest is not kept. */
  get tooLarge (): boolean {
    return this.large
  }

  push (text: string): void {
    if (this.broken || this.large) return
    if (this.head === undefined) return this.decode(text)
    this.head += text
    if (DATA_URL.startsWith(this.head)) return
    const isDataUrl = this.head.startsWith(DATA_URL)
    const comma = isDataUrl ? this.head.indexOf(',') : -1
    if (isDataUrl && (comma < 0 ? this.head.length : comma) > LONGEST_DATA_URL_HEAD) this.broken = true
    if (this.broken || (isDataUrl && comma < 0)) return
    const body = this.head.slice(comma + 1)
    this.head = undefined
    this.decode(body)
  }

  /** The bytes; undefined if the text is not base64. */
  finish (): Buffer | undefined {
    if (this.broken) return undefined
    if (this.head !== undefined) this.decode(this.head)
    this.decodeWhole(this.rest)
    return this.broken || this.rest.length === 1 || this.padding > 2 ? undefined : this.bytes.finish()
  }

  private decode (text: string): void {
    const dense = this.rest + (SPACE.test(text) ? text.replace(SPACES, '') : text)
    const end = dense.indexOf('=')
    const digits = end < 0 ? dense : dense.slice(0, end)
    if (this.padding > 0 && digits.length > this.rest.length) this.broken = true
    if (end >= 0) {
      this.padding += dense.length - end
      if (/[^=]/.test(dense.slice(end, end + 3))) this.broken = true
    }
    const whole = digits.length - digits.length % 4
    this.decodeWhole(digits.slice(0, whole))
    this.rest = digits.slice(whole)
  }

  /** Node skips what is no base64 instead of refusing it, and the result is too short. */
  private decodeWhole (digits: string): void {
    const piece = Buffer.from(digits, 'base64')
    if (piece.length !== Math.floor(digits.length * 3 / 4)) this.broken = true
    this.large ||= this.bytes.length + piece.length > this.maxBytes
    if (!this.large) this.bytes.append(piece)
  }
}
