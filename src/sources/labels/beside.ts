import { basename, dirname, join } from 'node:path'
import { OperatorError } from '../../base/errors.js'
import { UnreadableError, existing } from '../../base/existing.js'
import type { Label } from '../../model/labels.js'
import { readLabels } from './index.js'

/** What labels are called where nobody names them, the likeliest first; those behind are made for something else, too. */
const NAMES = [
  'labels.txt', 'labels.json', 'class_names.txt', 'class_names.json', 'classes.txt', 'classes.json', 'class_indices.json'
]
const GENERAL_NAMES = ['metadata.json', 'config.json']

export interface FoundLabels {
  readonly labels?: readonly Label[]
  /** What the operator should know, one sentence each. */
  readonly warnings: readonly string[]
}

/**
 * Labels from a file beside a model that nobody named; undefined if there is none that fits, which is no error: what is wrong with those
 * that are called labels is said as a warning.
 */
export async function labelsBeside (path: string, classes: number): Promise<FoundLabels> {
  const folder = (await existing(path))?.isDirectory() === true ? path : dirname(path)
  const warnings: string[] = []
  for (const name of [...NAMES, ...GENERAL_NAMES]) {
    const file = join(folder, name)
    try {
      if ((await existing(file))?.isFile() !== true) continue
      const { labels, warnings: found } = await readLabels(file, classes)
      return { labels, warnings: [...warnings, ...found] }
    } catch (error) {
      if (!(error instanceof OperatorError)) throw error
      // Those of a general name mostly hold something else.
      if (GENERAL_NAMES.includes(name) && !(error instanceof UnreadableError)) continue
      warnings.push(`${basename(file)} beside the model is not used: ${error.message}`)
    }
  }
  return { warnings }
}
