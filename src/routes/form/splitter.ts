import { malformedBody } from '../../base/sentences.js'

const MAX_HEAD_BYTES = 16 * 1024
const LINE_END = '\r\n'
const CR = LINE_END.charCodeAt(0)
/** A line feed by itself is taken, too: some senders end the lines of their headers so. */
const EMPTY_LINE = /\r?\n\r?\n/

/** What a MultipartSplitter tells of, in the order of the body. */
export interface PartListener {
  /** A part begins: its headers, with the line ends around them, each byte a character. */
  part (head: string): void
  /** A part has headers that do not end, and no content. */
  brokenPart (): void
  /** A piece of the part's content, lent for the call. */
  content (bytes: Buffer): void
  endOfPart (): void
}

/** Splits a multipart body (RFC 2046, section 5.1) that arrives in pieces, and keeps at most a part's headers of it. */
export class MultipartSplitter {
  private readonly delimiter: Buffer
  private state: 'preamble' | 'head' | 'content' | 'over' = 'preamble'
  /** What more bytes may change the meaning of. The first delimiter needs no line end before it. */
  private held: Buffer = Buffer.from(LINE_END)

  constructor (boundary: string, private readonly listener: PartListener) {
    this.delimiter = Buffer.from(`${LINE_END}--${boundary}`, 'latin1')
  }

  /** Whether the last delimiter has come; what follows it is passed over. */
  get isOver (): boolean {
    return this.state === 'over'
  }

  /** Throws a ServiceError `malformed_body` for headers that are too long, and what the listener throws. */
  push (piece: Buffer): void {
    let bytes = this.held.length === 0 ? piece : Buffer.concat([this.held, piece])
    for (let used = this.step(bytes); used > 0; used = this.step(bytes)) bytes = bytes.subarray(used)
    this.held = Buffer.from(bytes)
  }

  /** How many bytes are done with; 0 until more have come. */
  private step (bytes: Buffer): number {
    switch (this.state) {
      case 'head': return this.readHead(bytes)
      case 'over': return bytes.length
      default: return this.readContent(bytes)
    }
  }

  private readContent (bytes: Buffer): number {
    const delimiterAt = bytes.indexOf(this.delimiter)
    const end = delimiterAt < 0 ? this.certainContent(bytes) : delimiterAt
    if (this.state === 'content' && end > 0) this.listener.content(bytes.subarray(0, end))
    if (delimiterAt < 0) return end
    if (this.state === 'content') this.listener.endOfPart()
    this.state = 'head'
    return end + this.delimiter.length
  }

  /** Where the bytes end that no delimiter begins with: it has one CR, its first byte. */
  private certainContent (bytes: Buffer): number {
    const last = bytes.lastIndexOf(CR)
    return last >= 0 && this.begins(bytes.subarray(last)) ? last : bytes.length
  }

  private begins (bytes: Buffer): boolean {
    return bytes.equals(this.delimiter.subarray(0, bytes.length))
  }

  private readHead (bytes: Buffer): number {
    if (bytes.length < 2) return 0
    if (bytes.toString('latin1', 0, 2) === '--') {
      this.state = 'over'
      return bytes.length
    }
    const text = bytes.toString('latin1', 0, MAX_HEAD_BYTES)
    const empty = EMPTY_LINE.exec(text)
    const end = empty === null ? text.length : empty.index + empty[0].length
    const delimiterAt = bytes.subarray(0, end + this.delimiter.length).indexOf(this.delimiter)
    if (delimiterAt >= 0 && delimiterAt < end) return this.endEmptyPart(text.slice(0, delimiterAt), empty?.index)
    if (empty === null && text.length === MAX_HEAD_BYTES) {
      throw malformedBody(`The headers of a part of the form take more than ${MAX_HEAD_BYTES} bytes`)
    }
    // The end of the empty line may be a delimiter's beginning, of a part without content.
    if (empty === null || this.begins(bytes.subarray(end - LINE_END.length))) return 0
    this.state = 'content'
    this.listener.part(text.slice(0, end))
    return end
  }

  /** A part without content; or nothing at all, between two delimiters with which some senders end a form. */
  private endEmptyPart (head: string, headersEnd = Infinity): number {
    if (headersEnd <= head.length) {
      this.listener.part(head)
      this.listener.endOfPart()
    } else if (head.trim() !== '') {
      this.listener.brokenPart()
    }
    return head.length + this.delimiter.length
  }
}
