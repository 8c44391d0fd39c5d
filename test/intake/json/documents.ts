import type { Random } from '../../../src/base/random.js'

/** What JSON is made of, and some that it is not. */
const BYTES = Buffer.from('{}[]",:\\/ \n\t0123456789-+.eEtrufalsn\u0000\u00a0§x')
const CHARACTERS = ['a', 'images', '"', '\\', '/', '\b', '\u0001', '\u007f', 'é', '中', '\u2028', '\u{1f600}', '\u{10ffff}', '__proto__']
const MAX_NESTING = 5

/** Makes JSON documents of every kind, the same for the same source of random numbers. */
export class Documents {
  constructor (private readonly random: Random) {}

  valid (): Buffer {
    return Buffer.from(this.value(0))
  }

  /** A document with bytes changed, left out, put in, or cut off; now and then that is valid too. */
  changed (): Buffer {
    const bytes = [...this.valid()]
    for (let change = this.random.below(3); change >= 0; change--) {
      const start = this.random.below(BYTES.length)
      const inserted = BYTES.subarray(start, start + this.random.below(3))
      bytes.splice(this.random.below(bytes.length + 1), this.random.below(2), ...inserted)
    }
    if (this.random.below(5) === 0) bytes.length = this.random.below(bytes.length + 1)
    return Buffer.from(bytes)
  }

  /** Cut anywhere. */
  pieces (document: Buffer): Buffer[] {
    const longest = this.oneOf(1, 3, 16, document.length + 1)
    const pieces: Buffer[] = []
    for (let start = 0; start < document.length;) {
      const end = start + 1 + this.random.below(longest)
      pieces.push(document.subarray(start, end))
      start = end
    }
    return pieces
  }

  private value (depth: number): string {
    const kinds = [() => this.string(), () => this.number(), () => this.oneOf('true', 'false', 'null')]
    if (depth < MAX_NESTING) {
      kinds.push(() => `[${this.several(() => this.value(depth + 1))}]`)
      kinds.push(() => `{${this.several(() => `${this.spaced(this.string())}:${this.value(depth + 1)}`)}}`)
    }
    return this.spaced(this.oneOf(...kinds)())
  }

  private several (one: () => string): string {
    return Array.from({ length: this.random.below(4) }, one).join(',') || this.space()
  }

  private string (): string {
    const text = Array.from({ length: this.random.below(4) }, () => this.character()).join('')
    return `"${text}"`
  }

  private character (): string {
    const character = this.oneOf(...CHARACTERS)
    const unit = (): string => `\\u${this.random.below(0x10000).toString(16).padStart(4, '0')}`
    const surrogate = (): string => `\\u${(0xd800 + this.random.below(0x800)).toString(16)}`
    const escaped = [...JSON.stringify(character).slice(1, -1)].join('')
    return this.oneOf(() => escaped, () => escapeUnits(character), unit, surrogate, () => this.oneOf('\\/', '\\u000A'))()
  }

  private number (): string {
    const digits = (most: number): string => Array.from({ length: 1 + this.random.below(most) }, () => this.random.below(10)).join('')
    const integer = this.oneOf('0', String(this.random.below(256)), `${1 + this.random.below(9)}${digits(20)}`)
    const fraction = this.oneOf('', `.${digits(this.oneOf(3, 20))}`)
    const exponent = this.oneOf('', '', `${this.oneOf('e', 'E')}${this.oneOf('', '+', '-')}${digits(3)}`)
    return `${this.oneOf('', '-')}${integer}${fraction}${exponent}`
  }

  private spaced (text: string): string {
    return `${this.space()}${text}${this.space()}`
  }

  private space (): string {
    return this.oneOf('', '', '', ' ', '\r\n\t')
  }

  private oneOf<T> (...choices: T[]): T {
    return choices[this.random.below(choices.length)] as T
  }
}

function escapeUnits (text: string): string {
  return text.split('').map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`).join('')
}
