import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { ServiceError } from '../../../src/base/errors.js'
import { Random } from '../../../src/base/random.js'
import { LONGEST_NUMBER } from '../../../src/intake/json/numbers.js'
import { JsonScanner } from '../../../src/intake/json/scanner.js'
import { Documents } from './documents.js'
import { TreeListener } from './tree-listener.js'

const BROKEN = Symbol('broken')

function scan (pieces: readonly Buffer[]): unknown {
  const listener = new TreeListener()
  const scanner = new JsonScanner(listener)
  try {
    for (const piece of pieces) scanner.push(piece)
    scanner.end()
    return listener.result
  } catch (error) {
    assert.ok(error instanceof ServiceError)
    assert.equal(error.code, 'malformed_body')
    return BROKEN
  }
}

function parse (document: Buffer): unknown {
  try {
    return wellFormed(JSON.parse(document.toString()))
  } catch {
    return BROKEN
  }
}

/** What UTF-8 can hold: halves of a surrogate pair alone become U+FFFD. */
function wellFormed (value: unknown): unknown {
  if (typeof value === 'string') return Buffer.from(value).toString()
  if (Array.isArray(value)) return value.map(wellFormed)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [wellFormed(key), wellFormed(member)]))
}

suite('what JSON.parse makes of documents in one piece, the scanner tells of the same in any pieces', () => {
  const documents = new Documents(new Random(31))

  test('valid documents', () => {
    for (let round = 0; round < 5000; round++) {
      const document = documents.valid()
      const expected = parse(document)
      assert.notEqual(expected, BROKEN, document.toString())
      assert.deepStrictEqual(scan(documents.pieces(document)), expected, document.toString())
    }
  })

  test('changed documents', () => {
    let broken = 0
    for (let round = 0; round < 20_000; round++) {
      const document = documents.changed()
      const expected = parse(document)
      if (expected === BROKEN) broken++
      assert.deepStrictEqual(scan(documents.pieces(document)), expected, document.toString())
    }
    assert.ok(broken > 5000 && broken < 19_000, `${broken} of 20000 were broken`)
  })
})

suite('numbers', () => {
  test('a number that nobody needs so long is refused where it is wanted', () => {
    const digits = (count: number): Buffer[] => [...`[1${'0'.repeat(count - 1)}]`].map((character) => Buffer.from(character))
    assert.deepEqual(scan(digits(LONGEST_NUMBER)), [Infinity])
    assert.equal(scan(digits(LONGEST_NUMBER + 1)), BROKEN)
    assert.equal(scan([Buffer.concat(digits(LONGEST_NUMBER + 1))]), BROKEN)
  })
})
