import { OperatorError } from '../../base/errors.js'
import type { Label } from '../../model/labels.js'
import { indexed, permuted } from './indexed.js'

/** Members of an object that hold the labels, in the order in which they are looked for. */
const MEMBERS = [
  'id2label', 'label2id', 'class_names', 'classes', 'labels', 'names', 'class_labels', 'label_names', 'categories', 'class_indices',
  'class_to_idx', 'idx_to_class', 'index_to_name'
]
const SYNSET = /^n\d{8}$/
const MAX_DEPTH = 4

type Entries = ReadonlyArray<readonly [key: string, value: unknown]>

/**
 * Labels of a value of JSON or YAML: a list of names, of `{label, wordnetId}`, of `{id, name}` or of ImageNet's pairs; an object from
 * index to name, from name to index, or with one of those under a name that says so. Throws an OperatorError that says what was found if it
 * is something else, or could be read in two ways.
 */
export function labelsOfValue (value: unknown, depth = 0): Label[] {
  if (Array.isArray(value)) return ofList(value)
  if (typeof value !== 'object' || value === null) throw new OperatorError(`it holds ${JSON.stringify(value)}, and no labels`)
  const entries = Object.entries(value)
  const member = MEMBERS.find((name) => Object.hasOwn(value, name) && typeof (value as Record<string, unknown>)[name] === 'object')
  if (member !== undefined && depth < MAX_DEPTH) return labelsOfValue((value as Record<string, unknown>)[member], depth + 1)
  return ofObject(entries)
}

function ofList (list: readonly unknown[]): Label[] {
  const numbers = list.map((entry) => numberOf(entry))
  if (list.length > 0 && numbers.every((number) => number !== undefined)) {
    return permuted(list.map((entry, index) => [numbers[index] ?? 0, labelOf(entry)]), 'ids')
  }
  return list.map((entry) => labelOf(entry))
}

function ofObject (entries: Entries): Label[] {
  const byIndex = entries.every(([key]) => isIndex(key)) && entries.length > 0
  const byName = entries.every(([, value]) => Number.isInteger(value)) && entries.length > 0
  const fromIndex = (): Label[] => permuted(entries.map(([key, value]) => [Number(key), labelOf(value)]), 'keys')
  const toIndex = (): Label[] => permuted(entries.map(([key, value]) => [Number(value), labelOf(key)]), 'values')
  if (byIndex && byName) {
    if (entries.every(([key, value]) => Number(key) === value)) return toIndex()
    throw new OperatorError('it has numbers as keys and as values, so that either may be the names: write an array of the names')
  }
  if (byIndex) return fromIndex()
  if (byName) return toIndex()
  const keys = entries.slice(0, 5).map(([key]) => JSON.stringify(key)).join(', ')
  throw new OperatorError(`it is an object with ${keys === '' ? 'nothing' : keys}${entries.length > 5 ? ', ...' : ''}, and no labels`)
}

/** A text, a number as text, `{label, wordnetId}`, an object with a name, or `["n01440764", "tench"]`. */
function labelOf (value: unknown): Label {
  if (typeof value === 'string' && value.trim() !== '') return { label: value.trim() }
  if (typeof value === 'number' || typeof value === 'boolean') return { label: String(value) }
  if (Array.isArray(value) && value.length === 2) {
    const [first, second] = value as unknown[]
    if (typeof first === 'string' && SYNSET.test(first)) return { ...labelOf(second), wordnetId: first }
  }
  if (typeof value === 'object' && value !== null) {
    const { label, name, class: className, wordnetId } = value as Record<string, unknown>
    const text = [label, name, className].find((one) => typeof one === 'string')
    if (text !== undefined) return { ...labelOf(text), ...typeof wordnetId === 'string' ? { wordnetId } : {} }
  }
  throw new OperatorError(`it holds ${(JSON.stringify(value) ?? 'nothing').slice(0, 100)}, which is no label`)
}

/** The number of `{id: 0, name: "one"}`. */
function numberOf (entry: unknown): number | undefined {
  const { id, index } = typeof entry === 'object' && entry !== null ? entry as Record<string, unknown> : {}
  return [id, index].find((number): number is number => Number.isInteger(number))
}

function isIndex (text: string): boolean {
  return indexed(text) !== undefined
}
