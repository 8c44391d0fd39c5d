/** The beginning of a text that arrives in pieces, for names and other words that are compared or short. */
export class ShortText {
  private readonly bytes: Buffer
  private total = 0

  constructor (maxBytes: number) {
    this.bytes = Buffer.alloc(maxBytes)
  }

  clear (): void {
    this.total = 0
  }

  append (bytes: Buffer, start: number, end: number): void {
    const room = this.bytes.length - this.total
    for (let index = 0; index < end - start && index < room; index++) this.bytes[this.total + index] = bytes[start + index] as number
    this.total += end - start
  }

  /** Whether the text is this one, which is ASCII and no longer than what is kept. */
  is (ascii: string): boolean {
    if (this.total !== ascii.length) return false
    for (let index = 0; index < ascii.length; index++) {
      if (this.bytes[index] !== ascii.charCodeAt(index)) return false
    }
    return true
  }

  /** The text; undefined if it is longer than what is kept. */
  get value (): string | undefined {
    return this.total > this.bytes.length ? undefined : this.bytes.toString('utf8', 0, this.total)
  }
}
