import { OperatorError } from '../../base/errors.js'
import type { Label } from '../../model/labels.js'

/** A whole number from 0 as text; undefined for another text. */
export function indexed (text: string): number | undefined {
  return /^\d{1,7}$/.test(text) ? Number(text) : undefined
}

/** Whether these are the numbers from 0 on, each once, in any order. */
export function isPermutation (numbers: readonly number[]): boolean {
  return new Set(numbers).size === numbers.length && numbers.every((number) => number >= 0 && number < numbers.length)
}

/** The labels in the order of their numbers. Throws an OperatorError if these are not those from 0 on, each once. */
export function permuted (numbered: ReadonlyArray<readonly [index: number, label: Label]>, what: string): Label[] {
  const numbers = numbered.map(([number]) => number)
  if (!isPermutation(numbers)) {
    const most = numbers.reduce((left, right) => Math.max(left, right), 0)
    const least = numbers.reduce((left, right) => Math.min(left, right), most)
    throw new OperatorError(
      `its ${numbers.length} ${what} are from ${least} to ${most}${new Set(numbers).size === numbers.length ? '' : ' and repeat'}, ` +
      `and each from 0 to ${numbers.length - 1} is needed once`
    )
  }
  return numbered.toSorted(([left], [right]) => left - right).map(([, label]) => label)
}
