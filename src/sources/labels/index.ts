import { readFile, stat } from 'node:fs/promises'
import { basename, extname } from 'node:path'
import { OperatorError } from '../../base/errors.js'
import { unreadable } from '../../base/existing.js'
import type { Label } from '../../model/labels.js'
import { MAX_JSON_BYTES } from '../files/limits.js'
import { labelsOfLines } from './lines.js'
import { isNpy, npyLabels } from './npy.js'
import { labelsOfTable } from './table.js'
import { textOf } from './text.js'
import { labelsOfValue } from './value.js'

const SHOWN_LABELS = 3

/** Labels, and what the operator should know of them, one sentence each. */
export interface ReadLabels {
  readonly labels: Label[]
  readonly warnings: readonly string[]
}

/**
 * Reads a file of labels in the forms in which people have them (docs/models.md has the table). Throws an OperatorError that says
 * what was found if it cannot be read, could be read in two ways, or does not hold one label for each of `classes`.
 */
export async function readLabels (path: string, classes: number): Promise<ReadLabels> {
  const labels = await explained(path, async () => {
    const { size } = await stat(path)
    if (size > MAX_JSON_BYTES) throw new OperatorError(`it has ${size} bytes, more than any labels`)
    return await parseLabels(await readFile(path), extname(path).toLowerCase(), classes)
  })
  if (labels.length !== classes) {
    const shown = labels.slice(0, SHOWN_LABELS).map(({ label }) => label.slice(0, 50)).join(', ')
    throw new OperatorError(`${path} has ${labels.length} labels, and the model gives ${classes} classes ` +
      `(found: ${shown}${labels.length > SHOWN_LABELS ? ', ...' : ''})`)
  }
  const repeated = repeatedIn(labels)
  if (repeated === undefined) return { labels, warnings: [] }
  return { labels, warnings: [`${basename(path)} has the label ${repeated} several times: only their ids tell these classes apart`] }
}

async function parseLabels (bytes: Buffer, extension: string, classes: number): Promise<Label[]> {
  if (isNpy(bytes)) return npyLabels(bytes)
  const text = textOf(bytes)
  if (text.trim() === '') throw new OperatorError('it is empty')
  const isYaml = ['.yaml', '.yml'].includes(extension)
  if (isYaml || extension === '.json' || /^\s*[[{]/.test(text)) return labelsOfValue(await parseText(text, isYaml))
  return (extension === '.csv' || extension === '.tsv' ? labelsOfTable : labelsOfLines)(text, classes)
}

/** JSON, or what Python prints of a list or a dictionary, which YAML takes. */
async function parseText (text: string, isYaml: boolean): Promise<unknown> {
  let problem: unknown
  if (!isYaml) {
    try {
      return JSON.parse(text)
    } catch (error) {
      problem = error
    }
  }
  // Few labels need it, and it is seventy modules.
  const { parse } = await import('yaml')
  try {
    return parse(text, { logLevel: 'error' })
  } catch (error) {
    const { message } = (problem ?? error) as Error
    throw new OperatorError(`it is ${isYaml ? 'no YAML' : 'neither JSON nor a list or dictionary of Python'} (${message.split('\n')[0]})`)
  }
}

async function explained<T> (path: string, step: () => Promise<T>): Promise<T> {
  try {
    return await step()
  } catch (error) {
    if (!(error instanceof OperatorError)) throw unreadable(path, error)
    throw new OperatorError(`${path} cannot be read as labels: ${error.message}`, { cause: error })
  }
}

function repeatedIn (labels: readonly Label[]): string | undefined {
  const seen = new Set<string>()
  for (const { label, wordnetId } of labels) {
    if (seen.has(label) && wordnetId === undefined) return JSON.stringify(label)
    seen.add(label)
  }
  return undefined
}
