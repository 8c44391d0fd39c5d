import type { Label } from '../../model/labels.js'
import { indexed, isPermutation, permuted } from './indexed.js'

const HEADER = /^"?(label|labels|class|classes|name|names|class_?names?|categor(?:y|ies))"?$/i
/** `0 Glioma`, `0: Glioma`, `0,Glioma`, `0) Glioma`. */
const NUMBER_FIRST = /^(\d{1,7})(\s*[:;,=)\t]\s*|\.\s+|\s+-\s+|\s+)(\S.*)$/
/** `Glioma: 0`, `Glioma,0`; a number after a blank belongs to the name. */
const NUMBER_LAST = /^(\S.*?)\s*[:;,=\t]\s*(\d{1,7})$/
/** `n01440764 tench, Tinca tinca`, as ImageNet's synsets are listed. */
const SYNSET_FIRST = /^(n\d{8})[\s,]+(\S.*)$/
const QUOTED = /^(["'])(.*)\1$/

/**
 * Labels of a text with one a line, of which numbers before or after them, a comma at the end, and quotes around all of them are taken
 * off; empty lines are passed over, comments and a heading where so many classes need it.
 */
export function labelsOfLines (text: string, classes: number): Label[] {
  const lines = text.split(/\r\n|[\n\r\u2028\u2029]/).map((line) => line.trim()).filter((line) => line !== '')
  const plain = fitting(lines, classes)
  if (plain.length === 1 && classes > 1) {
    const fields = (plain[0] ?? '').split(',').map((field) => field.trim()).filter((field) => field !== '')
    if (fields.length === classes) return ofLines(fields)
  }
  return ofLines(plain)
}

/** The lines, or those without comments and a heading if these are as many as there are classes. */
function fitting (lines: readonly string[], classes: number): readonly string[] {
  const withoutComments = lines.filter((line) => !line.startsWith('#'))
  const withoutHeading = withoutComments.slice(HEADER.test(withoutComments[0] ?? '') ? 1 : 0)
  return [lines, withoutComments, withoutHeading].find(({ length }) => length === classes) ?? lines
}

function ofLines (lines: readonly string[]): Label[] {
  const bare = stripped(stripped(stripped(lines, /^(.*\S)\s*,$/, 1, 1), /^- +(\S.*)$/, 1), QUOTED, 2)
  return numberedFirst(bare) ?? numberedLast(bare) ?? synsets(bare) ?? bare.map((label) => ({ label }))
}

/** What the pattern leaves of all lines, of which so many at the end may lack it; the lines themselves where one does not match. */
function stripped (lines: readonly string[], pattern: RegExp, group: number, lacking = 0): readonly string[] {
  const matches = lines.map((line) => pattern.exec(line)?.[group])
  const isAll = matches.slice(0, Math.max(1, matches.length - lacking)).every((match) => match !== undefined && match !== '')
  return isAll ? lines.map((line, index) => matches[index] ?? line) : lines
}

/** Those that number from 1 on have to say it by more than a blank: `1 star`, `2 stars` are names. */
function numberedFirst (lines: readonly string[]): Label[] | undefined {
  const matches = lines.map((line) => NUMBER_FIRST.exec(line))
  if (lines.length === 0 || matches.includes(null)) return undefined
  const labels = matches.map((match) => ({ label: QUOTED.exec(match?.[3] ?? '')?.[2] ?? match?.[3] ?? '' }))
  if (new Set(labels.map(({ label }) => label)).size < labels.length) return undefined
  const numbers = matches.map((match) => Number(match?.[1]))
  if (isPermutation(numbers)) return permuted(labels.map((label, index) => [numbers[index] ?? 0, label]), 'numbers')
  const isMarked = matches.every((match) => (match?.[2] ?? '').trim() !== '')
  return isMarked && numbers.every((number, index) => number === index + 1) ? labels : undefined
}

function numberedLast (lines: readonly string[]): Label[] | undefined {
  const matches = lines.map((line) => NUMBER_LAST.exec(line))
  const numbers = matches.map((match) => indexed(match?.[2] ?? ''))
  if (lines.length === 0 || !numbers.every((number) => number !== undefined) || !isPermutation(numbers)) return undefined
  return permuted(matches.map((match, index) => [numbers[index] ?? 0, { label: match?.[1] ?? '' }]), 'numbers')
}

function synsets (lines: readonly string[]): Label[] | undefined {
  const matches = lines.map((line) => SYNSET_FIRST.exec(line))
  if (matches.includes(null)) return undefined
  return matches.map((match) => ({ label: match?.[2] ?? '', wordnetId: match?.[1] ?? '' }))
}
