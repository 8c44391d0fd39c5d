import type { ServiceError } from '../../base/errors.js'
import { noJson } from '../../base/sentences.js'
import { Escapes } from './escapes.js'
import { Action, FIRST_ACTION, LITERAL_STARTS, NUMBER_ENDS, State, TRANSITIONS } from './grammar.js'
import type { JsonListener } from './listener.js'
import { NumberReader } from './numbers.js'

/** Deeper than any body that is meant well. */
export const MAX_DEPTH = 32

const IN_TEXT = TRANSITIONS.subarray(State.text << 8, (State.text + 1) << 8)
const MINUS = 0x2d
const ZERO = 0x30
const NOTHING = Buffer.alloc(0)

/**
 * Reads JSON (RFC 8259) that arrives in pieces without building anything: it takes what `JSON.parse` takes, with a byte order mark
 * or without, up to a depth of MAX_DEPTH, and holds a few bytes whatever the body's size and shape.
 */
export class JsonScanner {
  private state: number = State.start
  private depth = 0
  /** The state that follows a value, by depth. */
  private readonly after = new Uint8Array(MAX_DEPTH + 1).fill(State.afterDocument)
  private isKey = false
  private isWanted = false
  private readonly escapes: Escapes
  private readonly number = new NumberReader()
  /** Where the number that is read begins in this piece. */
  private numberStart = 0
  /** Where this piece begins in the body. */
  private position = 0

  constructor (private readonly listener: JsonListener) {
    this.escapes = new Escapes((bytes, start, end) => { if (this.isWanted) listener.text(bytes, start, end) })
  }

  /** Throws a ServiceError `malformed_body` at the first byte that does not belong. */
  push (bytes: Buffer): void {
    let { state } = this
    this.numberStart = 0
    for (let index = 0; index < bytes.length;) {
      if (state === State.text) {
        index = this.passText(bytes, index)
        if (index === bytes.length) break
      }
      const next = TRANSITIONS[state << 8 | bytes[index] as number] as number
      if (next === Action.unexpected) throw unexpected(this.position + index)
      state = next < FIRST_ACTION ? next : this.act(next, bytes, index)
      if (next !== Action.endNumber) index++
    }
    if (isNumber(state) && this.isWanted) this.number.push(bytes, this.numberStart, bytes.length)
    this.state = state
    this.position += bytes.length
  }

  /** Throws a ServiceError `malformed_body` if the body ends too early. */
  end (): void {
    if (NUMBER_ENDS.includes(this.state)) this.state = this.endNumber(NOTHING, 0, 0)
    if (this.state !== State.afterDocument) throw noJson('it ends too early')
  }

  /** Passes over as much of a string as needs no attention; returns where that ends. */
  private passText (bytes: Buffer, start: number): number {
    let end = start
    while (end < bytes.length && IN_TEXT[bytes[end] as number] === State.text) end++
    if (end > start) {
      this.escapes.finish()
      if (this.isWanted) this.listener.text(bytes, start, end)
    }
    return end
  }

  /** Does what the byte at `index` asks for; returns the state that follows. */
  private act (action: number, bytes: Buffer, index: number): number {
    const byte = bytes[index] as number
    switch (action) {
      case Action.openObject: return this.open('object', State.keyOrEnd, State.afterMember)
      case Action.openArray: return this.open('array', State.valueOrEnd, State.afterElement)
      case Action.close: return this.close()
      case Action.key: return this.openString(true)
      case Action.string: return this.openString(false)
      case Action.endString: return this.endString()
      case Action.escape:
        this.escapes.simple(byte)
        return State.text
      case Action.hex: return this.escapes.hex(byte) ? State.text : State.hex
      case Action.number: return this.openNumber(byte, index)
      case Action.endNumber: return this.endNumber(bytes, this.numberStart, index)
      case Action.literal: return this.openLiteral(byte)
      default: return this.afterValue
    }
  }

  private get afterValue (): number {
    return this.after[this.depth] as number
  }

  private open (kind: 'object' | 'array', first: number, afterEach: number): number {
    if (this.depth === MAX_DEPTH) throw noJson(`it is nested more than ${MAX_DEPTH} deep`)
    this.listener.open(kind, this.depth)
    this.after[++this.depth] = afterEach
    return first
  }

  private close (): number {
    this.listener.close(--this.depth)
    return this.afterValue
  }

  private openString (isKey: boolean): number {
    this.isKey = isKey
    this.isWanted = this.listener.string(isKey, this.depth)
    return State.text
  }

  private endString (): number {
    this.escapes.finish()
    if (this.isWanted) this.listener.endOfText()
    return this.isKey ? State.colon : this.afterValue
  }

  private openNumber (byte: number, index: number): number {
    this.isWanted = this.listener.number(this.depth)
    this.numberStart = index
    return byte === MINUS ? State.minus : byte === ZERO ? State.zero : State.integer
  }

  private endNumber (bytes: Buffer, start: number, end: number): number {
    if (this.isWanted) this.listener.numberValue(this.number.finish(bytes, start, end))
    return this.afterValue
  }

  private openLiteral (byte: number): number {
    const { value, state } = LITERAL_STARTS.get(byte) as { value: boolean | null, state: number }
    this.listener.literal(value, this.depth)
    return state
  }
}

function isNumber (state: number): boolean {
  return state >= State.minus && state <= State.power
}

function unexpected (position: number): ServiceError {
  return noJson(`byte ${position} is not expected there`)
}
