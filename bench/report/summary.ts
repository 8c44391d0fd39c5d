import { median, quantile } from '../../src/base/statistics.js'

/** A sample's middle and spread. */
export interface Summary {
  readonly median: number
  /** First and third quartile. */
  readonly quartiles: readonly [number, number]
  readonly count: number
}

/** The middle and spread of a sample of at least one value. */
export function summarize (values: readonly number[]): Summary {
  return { median: median(values), quartiles: [quantile(values, 0.25), quantile(values, 0.75)], count: values.length }
}

/** The median, with the quartiles in brackets. */
export function spread ({ median: middle, quartiles: [low, high] }: Summary, digits: number): string {
  return `${middle.toFixed(digits)} (${low.toFixed(digits)}-${high.toFixed(digits)})`
}
