import { isUtf8 } from 'node:buffer'
import { judged } from '../../base/content.js'
import { OperatorError } from '../../base/errors.js'

/** What a file that is no text is called, by its first bytes. */
const BINARY: ReadonlyArray<readonly [start: string, what: string]> = [
  ['\x80', 'a Python pickle, which is a program that Python runs'], ['PK\x03\x04', 'a zip archive'], ['\x1f\x8b', 'compressed by gzip'],
  ['\x89PNG', 'a picture'], ['\xff\xd8\xff', 'a picture'], ['\x89HDF', 'an HDF5 file'], ['%PDF', 'a PDF']
]

/**
 * The text of a file, whatever it is encoded in: UTF-8 or UTF-16 by its byte order mark or without one, else Windows-1252, which is
 * Latin-1 and more. Throws an OperatorError that says what the file is where it is no text.
 */
export function textOf (bytes: Buffer): string {
  const start = bytes.toString('latin1', 0, 4)
  if (start.startsWith('\xff\xfe')) return decoded(bytes, 'utf-16le')
  if (start.startsWith('\xfe\xff')) return decoded(bytes, 'utf-16be')
  const binary = BINARY.find(([signature]) => start.startsWith(signature))
  if (binary !== undefined) throw new OperatorError(`it is ${binary[1]}, and no text`)
  const zeros = bytes.indexOf(0)
  if (zeros !== -1) return decoded(bytes, withoutMark(bytes))
  return decoded(bytes, isUtf8(bytes) ? 'utf-8' : 'windows-1252')
}

/** UTF-16 has a zero beside every letter of the Latin alphabet: after it, little end first, or before it. */
function withoutMark (bytes: Buffer): string {
  const zerosAt = (rest: number): number => bytes.reduce((sum, byte, index) => sum + Number(byte === 0 && index % 2 === rest), 0)
  const [even, odd] = [zerosAt(0), zerosAt(1)]
  if (bytes.length % 2 === 0 && even === 0) return 'utf-16le'
  if (bytes.length % 2 === 0 && odd === 0) return 'utf-16be'
  throw new OperatorError('it holds zero bytes, so it is no text')
}

function decoded (bytes: Buffer, encoding: string): string {
  // The byte order mark is taken off.
  const text = judged(() => new TextDecoder(encoding, { fatal: encoding !== 'windows-1252' }).decode(bytes))
  if (/[^\P{Cc}\t\n\v\f\r]/u.test(text)) throw new OperatorError('it holds control characters, so it is no text')
  return text
}
