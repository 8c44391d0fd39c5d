import { tooManyValues } from '../../base/sentences.js'
import type { JsonListener } from './listener.js'
import { ShortText } from './short-text.js'

/** Longer than any name, id or parameter that is meant well. */
const LONGEST_TEXT_BYTES = 1024
/** Largest outline in bytes, all texts together, and so much more for each value. */
const LARGEST_OUTLINE_BYTES = 256 * 1024
const VALUE_BYTES = 32

type Kind = 'object' | 'array' | 'scalar'

/**
 * Asked for each value where it begins, by the names and indices that lead to it: who reads it, or undefined to have it in the
 * outline. What it throws ends the scan.
 */
export type ReaderOf = (path: ReadonlyArray<string | number>, kind: Kind) => JsonListener | undefined

interface Container {
  readonly content: Record<string, unknown> | unknown[]
  /** Name of the member that is next or being read. */
  key: string
}

/**
 * Makes of a document what `JSON.parse` makes of it, except that large values are read by listeners of their own, which stand
 * in their places, and that members that are null are left out: that is how many clients write that there is none. All else is
 * bounded: beyond that a ServiceError `malformed_body` is thrown.
 */
export class JsonOutline implements JsonListener {
  /** The document, once it is over. */
  value: unknown
  private readonly containers: Container[] = []
  private readonly shortText = new ShortText(LONGEST_TEXT_BYTES)
  private isKey = false
  private bytes = 0
  /** Reads the value at this depth, or one that is over and was no object or array. */
  private reader: JsonListener | undefined
  private readerDepth = 0
  private readerIsOver = false

  constructor (private readonly readerOf: ReaderOf) {}

  open (kind: 'object' | 'array', depth: number): void {
    if (this.begin(kind, depth)) return this.reader?.open(kind, depth - this.readerDepth)
    const content = kind === 'array' ? [] : Object.create(null) as Record<string, unknown>
    this.put(content)
    this.containers.push({ content, key: '' })
  }

  close (depth: number): void {
    if (this.reader !== undefined && depth >= this.readerDepth) {
      this.reader.close(depth - this.readerDepth)
      if (depth === this.readerDepth) this.reader = undefined
      return
    }
    this.reader = undefined
    this.containers.pop()
  }

  literal (value: boolean | null, depth: number): void {
    if (value === null && !this.isReading(depth)) return this.leaveOut()
    if (this.begin('scalar', depth)) this.reader?.literal(value, depth - this.readerDepth)
    else this.put(value)
  }

  number (depth: number): boolean {
    if (!this.begin('scalar', depth)) return true
    return this.reader?.number(depth - this.readerDepth) ?? false
  }

  numberValue (value: number): void {
    if (this.reader === undefined) this.put(value)
    else this.reader.numberValue(value)
  }

  string (isKey: boolean, depth: number): boolean {
    if (isKey && this.reader !== undefined && depth <= this.readerDepth) this.reader = undefined
    const isRead = isKey ? this.reader !== undefined : this.begin('scalar', depth)
    if (isRead) return this.reader?.string(isKey, depth - this.readerDepth) ?? false
    this.isKey = isKey
    this.shortText.clear()
    return true
  }

  text (bytes: Buffer, start: number, end: number): void {
    if (this.reader === undefined) this.shortText.append(bytes, start, end)
    else this.reader.text(bytes, start, end)
  }

  endOfText (): void {
    if (this.reader !== undefined) return this.reader.endOfText()
    const { value } = this.shortText
    if (value === undefined) throw tooManyValues()
    this.count(value.length)
    const container = this.containers.at(-1)
    if (this.isKey && container !== undefined) container.key = value
    else this.put(value)
  }

  /** A value begins; true if a reader has it. */
  private begin (kind: Kind, depth: number): boolean {
    if (this.isReading(depth)) return true
    this.reader = this.readerOf(this.path(), kind)
    if (this.reader === undefined) return false
    this.put(this.reader)
    this.readerDepth = depth
    this.readerIsOver = kind === 'scalar'
    return true
  }

  /** Whether the value belongs to one that a reader has. */
  private isReading (depth: number): boolean {
    return this.reader !== undefined && !this.readerIsOver && depth > this.readerDepth
  }

  private leaveOut (): void {
    this.reader = undefined
    const container = this.containers.at(-1)
    if (container === undefined || Array.isArray(container.content)) return this.put(null)
    // The last of two members with one name counts.
    Reflect.deleteProperty(container.content, container.key)
  }

  private path (): Array<string | number> {
    const last = this.containers.length - 1
    // What the inner ones are in is the last entry so far; what begins will be the next one.
    return this.containers.map(({ content, key }, index) => Array.isArray(content) ? content.length - (index < last ? 1 : 0) : key)
  }

  private put (value: unknown): void {
    this.count(VALUE_BYTES)
    const container = this.containers.at(-1)
    if (container === undefined) this.value = value
    else if (Array.isArray(container.content)) container.content.push(value)
    else container.content[container.key] = value
  }

  private count (bytes: number): void {
    this.bytes += bytes
    if (this.bytes > LARGEST_OUTLINE_BYTES) throw tooManyValues()
  }
}
