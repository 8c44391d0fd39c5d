import { ServiceError } from '../base/errors.js'

/** Deeper than any body that is meant well. */
export const MAX_DEPTH = 32

/** What the scanner tells of, in the order of the body. `depth` counts the objects and arrays around. */
export interface JsonListener {
  /** An object or array begins, a number or literal is met. */
  value (kind: 'object' | 'array' | 'other', depth: number): void
  /** A string begins; true if its text is wanted. */
  string (isKey: boolean, depth: number): boolean
  /** A piece of the text that is wanted, escapes resolved; bytes beyond ASCII as Latin-1. */
  text (piece: string): void
  /** The string that is wanted is over. */
  endOfText (): void
  /** An object or array that began at this depth is over. */
  close (depth: number): void
}

/** What is expected next, or what is being read. */
const State = {
  value: 0,
  firstValue: 1,
  firstKey: 2,
  key: 3,
  colon: 4,
  after: 5,
  string: 6,
  escape: 7,
  hex: 8,
  literal: 9,
  minus: 10,
  zero: 11,
  integer: 12,
  point: 13,
  fraction: 14,
  exponent: 15,
  sign: 16,
  power: 17
} as const

const QUOTE = 0x22
const BACKSLASH = 0x5c
const ESCAPED = { '"': '"', '\\': '\\', '/': '/', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' }
const ESCAPES = new Map(Object.entries(ESCAPED).map(([name, text]) => [name.charCodeAt(0), text]))
const LITERALS = new Map(['true', 'false', 'null'].map((literal) => [literal.charCodeAt(0), literal.slice(1)]))
/** By state within a number, from `minus` on: what a character leads to. RFC 8259 section 6. */
const NUMBER_STEPS: ReadonlyArray<(byte: number) => number | undefined> = [
  /* minus */ (byte) => byte === 0x30 ? State.zero : isDigit(byte) ? State.integer : undefined,
  /* zero */ (byte) => afterInteger(byte),
  /* integer */ (byte) => isDigit(byte) ? State.integer : afterInteger(byte),
  /* point */ (byte) => isDigit(byte) ? State.fraction : undefined,
  /* fraction */ (byte) => isDigit(byte) ? State.fraction : isExponent(byte) ? State.exponent : undefined,
  /* exponent */ (byte) => isDigit(byte) ? State.power : byte === 0x2b || byte === 0x2d ? State.sign : undefined,
  /* sign */ (byte) => isDigit(byte) ? State.power : undefined,
  /* power */ (byte) => isDigit(byte) ? State.power : undefined
]
const NUMBER_ENDS: ReadonlySet<number> = new Set([State.zero, State.integer, State.fraction, State.power])

const isDigit = (byte: number): boolean => byte >= 0x30 && byte <= 0x39
const isExponent = (byte: number): boolean => byte === 0x65 || byte === 0x45
const isSpace = (byte: number): boolean => byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09
const afterInteger = (byte: number): number | undefined => byte === 0x2e ? State.point : isExponent(byte) ? State.exponent : undefined

/**
 * Reads JSON (RFC 8259) that arrives in pieces without building anything: it takes what `JSON.parse` takes, up to a depth of
 * MAX_DEPTH, and holds a few bytes whatever the body's size and shape.
 */
export class JsonScanner {
  private state: number = State.value
  /** Of the containers around, outermost first: whether each is an object. */
  private readonly objects: boolean[] = []
  private stringIsKey = false
  private stringIsWanted = false
  /** What is still to come of a literal or of an escape's four digits. */
  private pending = ''
  private position = 0

  constructor (private readonly listener: JsonListener) {}

  /** Throws a ServiceError `malformed_body` at the first byte that does not belong. */
  push (chunk: Uint8Array): void {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length)
    for (let index = 0; index < bytes.length;) {
      if (this.state === State.string) index = this.stringRun(bytes, index)
      else if (this.step(bytes[index] as number, this.position + index)) index++
    }
    this.position += bytes.length
  }

  /** Throws a ServiceError `malformed_body` if the body ends too early. */
  end (): void {
    if (NUMBER_ENDS.has(this.state)) this.state = State.after
    if (this.state !== State.after || this.objects.length > 0) throw malformed('it ends too early')
  }

  /** As much of a string as needs no attention; returns where that ends. */
  private stringRun (bytes: Buffer, start: number): number {
    let end = start
    for (let byte = bytes[end]; byte !== undefined && byte !== QUOTE && byte !== BACKSLASH && byte >= 0x20; byte = bytes[end]) end++
    if (this.stringIsWanted && end > start) this.listener.text(bytes.toString('latin1', start, end))
    const byte = bytes[end]
    if (byte === undefined) return end
    if (byte === BACKSLASH) this.state = State.escape
    else if (byte === QUOTE) this.endString()
    else throw unexpected(this.position + end)
    return end + 1
  }

  private endString (): void {
    if (this.stringIsWanted) this.listener.endOfText()
    this.state = this.stringIsKey ? State.colon : State.after
  }

  /** Takes one byte; false if that ended a number and is still to be read. */
  private step (byte: number, position: number): boolean {
    const numberStep = NUMBER_STEPS[this.state - State.minus]
    if (numberStep !== undefined) {
      const next = numberStep(byte)
      if (next === undefined && !NUMBER_ENDS.has(this.state)) throw unexpected(position)
      this.state = next ?? State.after
      return next !== undefined
    }
    if (!this.insideText(byte, position) && !isSpace(byte) && !this.structure(byte)) throw unexpected(position)
    return true
  }

  /** Escapes and literals, where a space is not allowed. */
  private insideText (byte: number, position: number): boolean {
    if (this.state < State.escape || this.state > State.literal) return false
    const char = String.fromCharCode(byte)
    switch (this.state) {
      case State.escape: {
        const text = ESCAPES.get(byte)
        if (text === undefined && char !== 'u') throw unexpected(position)
        this.state = text === undefined ? State.hex : State.string
        this.pending = ''
        if (text !== undefined && this.stringIsWanted) this.listener.text(text)
        return true
      }
      case State.hex:
        if (!/[\da-f]/i.test(char)) throw unexpected(position)
        this.pending += char
        if (this.pending.length < 4) return true
        this.state = State.string
        if (this.stringIsWanted) this.listener.text(String.fromCharCode(Number.parseInt(this.pending, 16)))
        return true
      case State.literal:
        if (char !== this.pending[0]) throw unexpected(position)
        this.pending = this.pending.slice(1)
        if (this.pending === '') this.state = State.after
        return true
      default:
        return false
    }
  }

  /** What stands between values; false if the byte does not belong here. */
  private structure (byte: number): boolean {
    const isInObject = this.objects.at(-1)
    switch (byte) {
      case 0x7b: return this.isAtValue && this.open(true)
      case 0x5b: return this.isAtValue && this.open(false)
      case 0x7d: return isInObject === true && (this.state === State.firstKey || this.state === State.after) && this.close()
      case 0x5d: return isInObject === false && (this.state === State.firstValue || this.state === State.after) && this.close()
      case 0x2c: return isInObject !== undefined && this.state === State.after && this.go(isInObject ? State.key : State.value)
      case 0x3a: return this.state === State.colon && this.go(State.value)
      case QUOTE: return this.openString()
      default: return this.isAtValue && this.openScalar(byte)
    }
  }

  private get isAtValue (): boolean {
    return this.state === State.value || this.state === State.firstValue
  }

  private go (state: number): true {
    this.state = state
    return true
  }

  private open (isObject: boolean): true {
    const depth = this.objects.length
    if (depth === MAX_DEPTH) throw malformed(`it is nested more than ${MAX_DEPTH} deep`)
    this.listener.value(isObject ? 'object' : 'array', depth)
    this.objects.push(isObject)
    return this.go(isObject ? State.firstKey : State.firstValue)
  }

  private close (): true {
    this.objects.pop()
    this.listener.close(this.objects.length)
    return this.go(State.after)
  }

  private openString (): boolean {
    const isKey = this.state === State.firstKey || this.state === State.key
    if (!isKey && !this.isAtValue) return false
    this.stringIsKey = isKey
    this.stringIsWanted = this.listener.string(isKey, this.objects.length)
    return this.go(State.string)
  }

  private openScalar (byte: number): boolean {
    const literal = LITERALS.get(byte)
    const number = byte === 0x2d ? State.minus : byte === 0x30 ? State.zero : isDigit(byte) ? State.integer : undefined
    if (literal === undefined && number === undefined) return false
    this.listener.value('other', this.objects.length)
    this.pending = literal ?? ''
    return this.go(number ?? State.literal)
  }
}

function unexpected (position: number): ServiceError {
  return malformed(`byte ${position} is not expected there`)
}

function malformed (reason: string): ServiceError {
  return new ServiceError('malformed_body', `The body is not valid JSON: ${reason}.`)
}
