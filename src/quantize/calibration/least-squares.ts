import { TOP_LEVEL } from '../../model/quantized-pointwise.js'
import type { Range } from '../channel-statistics.js'
import type { Histogram } from './histograms.js'

/** Each end is moved so often at most; it stays after two or three times. */
const MOST_ROUNDS = 8

/**
 * The range whose 256 levels have the least squared error: rounding costs a twelfth of the squared step for each value within, and
 * clipping its squared distance for each beyond. One end is moved while the other stays, in turns.
 */
export function leastSquaresRange (histogram: Histogram): Range {
  const moments = new Moments(histogram)
  let [first, last] = moments.occupied
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const before = [first, last]
    last = best(first, moments.bins - 1, (bin) => moments.error(first, bin))
    first = best(0, last, (bin) => moments.error(bin, last))
    if (first === before[0] && last === before[1]) break
  }
  return moments.range(first, last)
}

/** The mean of what is beyond the range taken to its end, less what it was: what clipping does to the mean of all values. */
export function clippingShift (histogram: Histogram, { low, high }: Range): number {
  let [shift, total] = [0, 0]
  histogram.counts.forEach((count, bin) => {
    const value = histogram.start + (bin + 0.5) * histogram.width
    shift += count * (Math.min(Math.max(value, low), high) - value)
    total += count
  })
  return shift / total
}

function best (from: number, to: number, errorOf: (bin: number) => number): number {
  let [chosen, least] = [from, Infinity]
  for (let bin = from; bin <= to; bin++) {
    const error = errorOf(bin)
    if (error < least) [chosen, least] = [bin, error]
  }
  return chosen
}

/** Sums over the bins below each, of which the error of any range follows at once. */
class Moments {
  readonly bins: number
  /** From bin 0 up to, not including, the index: counts, values and their squares. The values are in bins, from the start. */
  private readonly sums: readonly [Float64Array, Float64Array, Float64Array]

  constructor (private readonly histogram: Histogram) {
    const { counts } = histogram
    this.bins = counts.length
    this.sums = [0, 1, 2].map((power) => {
      const below = new Float64Array(counts.length + 1)
      counts.forEach((count, bin) => { below[bin + 1] = (below[bin] as number) + count * (bin + 0.5) ** power })
      return below
    }) as unknown as [Float64Array, Float64Array, Float64Array]
  }

  /** The first and the last bin that hold something. */
  get occupied (): [number, number] {
    const { counts } = this.histogram
    return [counts.findIndex((count) => count > 0), counts.findLastIndex((count) => count > 0)]
  }

  /** Both bins are within. */
  range (first: number, last: number): Range {
    const { start, width } = this.histogram
    return { low: start + first * width, high: start + (last + 1) * width }
  }

  /** Squared, in bins. */
  error (first: number, last: number): number {
    const step = (last + 1 - first) / TOP_LEVEL
    const within = this.between(0, first, last + 1) * step ** 2 / 12
    return within + this.distance(0, first, first) + this.distance(last + 1, this.bins, last + 1)
  }

  /** Squared distance of the bins' values from an end of the range. */
  private distance (from: number, to: number, end: number): number {
    return this.between(2, from, to) - 2 * end * this.between(1, from, to) + end ** 2 * this.between(0, from, to)
  }

  private between (power: 0 | 1 | 2, from: number, to: number): number {
    const below = this.sums[power]
    return (below[to] as number) - (below[from] as number)
  }
}
