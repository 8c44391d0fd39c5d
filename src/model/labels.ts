/** Groups that numbers are looked through in, for each of the `k` largest that are looked for. */
const GROUPS_FOR_EACH = 4

/** The name of one class. */
export interface Label {
  readonly label: string
  /** The synset that ImageNet means by it, such as `n02123045`. */
  readonly wordnetId?: string
}

/** A class among the most probable. */
export interface RankedLabel extends Label {
  /** Index of the network's output. */
  readonly classId: number
  readonly probability: number
}

/** The `k` most probable classes, most probable first; equal ones in the order of their index. */
export function topK (probabilities: Float32Array, labels: readonly Label[], k: number): RankedLabel[] {
  const probabilityOf = (classId: number): number => probabilities[classId] ?? 0
  const least = leastOfTop(probabilities, k)
  const candidates: number[] = []
  // Methods that call a function for each take ten times as long. NaN is never less.
  for (let classId = 0; classId < probabilities.length; classId++) if (!(probabilityOf(classId) < least)) candidates.push(classId)
  candidates.sort((left, right) => probabilityOf(right) - probabilityOf(left) || left - right)
  return candidates.slice(0, k).map((classId) => {
    return { ...labels[classId] ?? numbered(classId), classId, probability: probabilityOf(classId) }
  })
}

/**
 * A number that `k` of these are not below, and few more where `k` is small: of groups of them, the largest of each is taken, and
 * of these the one that comes `k`th. That spares most of the sorting.
 */
function leastOfTop (numbers: Float32Array, k: number): number {
  const largest = new Float32Array(Math.min(numbers.length, GROUPS_FOR_EACH * k)).fill(-Infinity)
  for (let index = 0; index < numbers.length; index++) {
    const group = index % largest.length
    const number = numbers[index] as number
    if (number > (largest[group] as number)) largest[group] = number
  }
  return largest.sort().at(-k) ?? -Infinity
}

/** `class 0`, `class 1` and so on, for a model that brings no labels. */
export function numberedLabels (classes: number): Label[] {
  return Array.from({ length: classes }, (_, classId) => numbered(classId))
}

function numbered (classId: number): Label {
  return { label: `class ${classId}` }
}
