import { readFile } from 'node:fs/promises'
import { Type } from 'typebox'
import { parse } from '../base/schema.js'

const Label = Type.Object({ label: Type.String({ minLength: 1 }), wordnetId: Type.Optional(Type.String({ minLength: 1 })) })
const LabelList = Type.Array(Type.Union([Type.String({ minLength: 1 }), Label]), { minItems: 1, maxItems: 1_000_000 })

/** The name of one class. */
export interface Label {
  readonly label: string
  /** The synset that ImageNet means by it, such as `n02123045`. */
  readonly wordnetId?: string
}

export interface Prediction extends Label {
  /** Index of the network's output. */
  readonly classId: number
  readonly probability: number
}

/** The `k` most probable classes, most probable first; equal ones in the order of their index. */
export function topK (probabilities: Float32Array, labels: readonly Label[], k: number): Prediction[] {
  const probabilityOf = (classId: number): number => probabilities[classId] ?? 0
  // Numbers alone are sorted many times faster than with a function that compares; NaN is never less.
  const least = Float32Array.from(probabilities).sort().at(-k) ?? -Infinity
  const candidates = Uint32Array.from(probabilities.keys()).filter((classId) => !(probabilityOf(classId) < least))
  const order = candidates.sort((left, right) => probabilityOf(right) - probabilityOf(left) || left - right)
  return Array.from(order.subarray(0, k), (classId) => {
    return { ...labels[classId] ?? numbered(classId), classId, probability: probabilityOf(classId) }
  })
}

/** `class 0`, `class 1` and so on, for a model that brings no labels. */
export function numberedLabels (classes: number): Label[] {
  return Array.from({ length: classes }, (_, classId) => numbered(classId))
}

/**
 * Reads a file with one label a line, or a JSON array of labels or of `{label, wordnetId}`. Throws an Error of one
 * sentence if it cannot be read, or does not hold one label for each of `classes`.
 */
export async function readLabels (path: string, classes: number): Promise<Label[]> {
  const text = (await readFile(path, 'utf8')).replace(/^\uFEFF/, '')
  const labels = text.trimStart().startsWith('[') ? parseJson(text, path) : parseLines(text)
  if (labels.length !== classes) throw new Error(`${path} has ${labels.length} labels, and the model gives ${classes} classes`)
  return labels
}

function parseJson (text: string, path: string): Label[] {
  try {
    return parse(LabelList, JSON.parse(text), 'labels').map((entry) => typeof entry === 'string' ? { label: entry } : entry)
  } catch (error) {
    throw new Error(`${path}: ${(error as Error).message}`)
  }
}

function parseLines (text: string): Label[] {
  return text.split(/\r?\n/).map((line) => line.trim()).filter((line) => line !== '').map((label) => ({ label }))
}

function numbered (classId: number): Label {
  return { label: `class ${classId}` }
}
