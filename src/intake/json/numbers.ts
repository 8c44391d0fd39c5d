import { noJson } from '../../base/sentences.js'

/** More digits than tell one float64 from another. */
export const LONGEST_NUMBER = 1024

/** So few digits are a whole number that a float64 holds exactly, and so is the power of ten that they are divided by. */
const EXACT_DIGITS = 15
const POWERS_OF_TEN = Array.from({ length: EXACT_DIGITS + 1 }, (_, power) => 10 ** power)
const MINUS = 0x2d
const POINT = 0x2e
const ZERO = 0x30

/** The value of a JSON number that may arrive in pieces. */
export class NumberReader {
  /** What came in earlier pieces. */
  private start = ''

  /** Throws a ServiceError `malformed_body` if the number is longer than LONGEST_NUMBER. */
  push (bytes: Buffer, start: number, end: number): void {
    if (this.start.length + end - start > LONGEST_NUMBER) throw noJson(`a number has more than ${LONGEST_NUMBER} characters`)
    this.start += bytes.toString('latin1', start, end)
  }

  /** The whole number with its last piece, which has the same limit. */
  finish (bytes: Buffer, start: number, end: number): number {
    if (this.start === '' && end - start <= EXACT_DIGITS) return parseShort(bytes, start, end)
    this.push(bytes, start, end)
    const value = Number(this.start)
    this.start = ''
    return value
  }
}

/** One division of two exact numbers rounds as the standard asks (Clinger, How to read floating point numbers accurately, 1990). */
function parseShort (bytes: Buffer, start: number, end: number): number {
  const isNegative = bytes[start] === MINUS
  let digits = 0
  let fraction = 0
  for (let index = isNegative ? start + 1 : start; index < end; index++) {
    const byte = bytes[index] as number
    if (byte >= ZERO && byte <= ZERO + 9) digits = digits * 10 + byte - ZERO
    else if (byte === POINT) fraction = end - index - 1
    else return Number(bytes.toString('latin1', start, end))
  }
  const value = digits / (POWERS_OF_TEN[fraction] as number)
  return isNegative ? -value : value
}
