import { OperatorError } from '../../base/errors.js'
import type { Label } from '../../model/labels.js'
import { indexed, isPermutation, permuted } from './indexed.js'
import { labelsOfLines } from './lines.js'

const NAMES = /^(label|labels|class|name|class_?names?|category)$/i
const SYNSET = /^n\d{8}$/

/**
 * Labels of a table with commas, semicolons or tabs: a column of names alone, beside their numbers, or under a heading that says so; or
 * all names in one line. Throws an OperatorError that says what was found where none of its columns can be told to be the names.
 */
export function labelsOfTable (text: string, classes: number): Label[] {
  const separator = [',', ';', '\t'].find((one) => text.includes(one))
  const rows = text.split(/\r\n|[\n\r]/).filter((line) => line.trim() !== '').map((line) => cells(line, separator))
  const columns = Math.max(0, ...rows.map((row) => row.filter((cell) => cell !== '').length))
  if (columns < 2 || rows.length === 1) return labelsOfLines(text, classes)
  const heading = rows.length === classes + 1 ? rows[0] : undefined
  const body = heading === undefined ? rows : rows.slice(1)
  const values = (column: number): string[] => body.map((row) => row[column] ?? '')
  const isNumbers = (column: number): boolean => isPermutation(values(column).map((cell) => indexed(cell) ?? -1))
  const all = [...Array(columns).keys()]
  const number = all.find(isNumbers)
  const synset = all.find((column) => values(column).every((cell) => SYNSET.test(cell)))
  const named = all.filter((column) => NAMES.test(heading?.[column] ?? '') && column !== number)
  const others = all.filter((column) => column !== number && column !== synset)
  const isOnlyOne = others.length === 1 && (number !== undefined || synset !== undefined)
  const names = named.length === 1 ? named[0] : isOnlyOne ? others[0] : undefined
  if (names === undefined) {
    throw new OperatorError(
      `it has ${columns} columns (${(rows[0] ?? []).join(', ')}), of which none can be told to be the names: leave one`
    )
  }
  const labels = body.map((row): Label => ({
    label: row[names] ?? '', ...synset === undefined || synset === names ? {} : { wordnetId: row[synset] ?? '' }
  }))
  return number === undefined ? labels : permuted(labels.map((label, index) => [Number(values(number)[index]), label]), 'numbers')
}

/** The cells of a line, quotes taken off (RFC 4180, without line ends inside of quotes). */
function cells (line: string, separator: string | undefined): string[] {
  const found: string[] = ['']
  let isQuoted = false
  for (const [index, character] of [...line].entries()) {
    if (character === '"') {
      if (isQuoted && line[index + 1] === '"') continue
      isQuoted = !isQuoted
    }
    if (character === separator && !isQuoted) found.push('')
    else found[found.length - 1] += character
  }
  return found.map((cell) => /^\s*"(.*)"\s*$/.exec(cell)?.[1]?.replaceAll('""', '"') ?? cell.trim())
}
