import { OperatorError } from '../../base/errors.js'

/** Enough that a range can be chosen to a few thousandths of what there is. */
export const BINS = 512

/** How often each channel of a feature map took which values. The bins widen as values come that lie outside of them. */
export class Histograms {
  /** [channels, BINS]. */
  private readonly counts: Uint32Array
  /** Where the first bin begins, and how wide each is; NaN until the first values. */
  private readonly starts: Float64Array
  private readonly widths: Float64Array
  private readonly sums: Float64Array
  private readonly squares: Float64Array
  private values = 0

  constructor (readonly channels: number) {
    this.counts = new Uint32Array(channels * BINS)
    this.starts = new Float64Array(channels).fill(NaN)
    this.widths = new Float64Array(channels)
    this.sums = new Float64Array(channels)
    this.squares = new Float64Array(channels)
  }

  /** Counts [positions, channels], row-major. */
  add (values: Float32Array): void {
    if (this.values === 0) this.begin(values)
    this.values += values.length / this.channels
    for (let index = 0, channel = 0; index < values.length; index++) {
      const value = values[index] as number
      let bin = Math.floor((value - (this.starts[channel] as number)) / (this.widths[channel] as number))
      if (!(bin >= 0 && bin < BINS)) bin = this.widenedTo(channel, value)
      const at = channel * BINS + bin
      this.counts[at] = (this.counts[at] as number) + 1
      this.sums[channel] = (this.sums[channel] as number) + value
      this.squares[channel] = (this.squares[channel] as number) + value * value
      channel = channel + 1 === this.channels ? 0 : channel + 1
    }
  }

  /** Mean of all values of a channel. */
  mean (channel: number): number {
    return (this.sums[channel] ?? 0) / this.values
  }

  variance (channel: number): number {
    return Math.max(0, (this.squares[channel] ?? 0) / this.values - this.mean(channel) ** 2)
  }

  of (channel: number): Histogram {
    return {
      counts: this.counts.subarray(channel * BINS, (channel + 1) * BINS),
      start: this.starts[channel] ?? NaN,
      width: this.widths[channel] ?? NaN
    }
  }

  /** Takes the range of the first values. */
  private begin (values: Float32Array): void {
    const { channels } = this
    for (let channel = 0; channel < channels; channel++) {
      let [least, most] = [Infinity, -Infinity]
      for (let index = channel; index < values.length; index += channels) {
        const value = values[index] as number
        if (value < least) least = value
        if (value > most) most = value
      }
      this.starts[channel] = least
      // A channel that is constant has bins, too, however narrow.
      this.widths[channel] = Math.max(most - least, Math.abs(most) * 1e-6, 1e-30) / (BINS - 1)
    }
  }

  /** Joins bins in pairs until one holds the value, which it returns. */
  private widenedTo (channel: number, value: number): number {
    if (!Number.isFinite(value)) throw new OperatorError(`The network cannot be quantized: a depthwise convolution gave ${value}`)
    for (;;) {
      const start = this.starts[channel] as number
      const width = this.widths[channel] as number
      const bin = Math.floor((value - start) / width)
      if (bin >= 0 && bin < BINS) return bin
      this.joinPairs(channel, bin < 0 ? BINS / 2 : 0)
      this.starts[channel] = bin < 0 ? start - BINS * width : start
      this.widths[channel] = 2 * width
    }
  }

  /** Leaves them in half of the bins, from `first` on, and the others empty. */
  private joinPairs (channel: number, first: number): void {
    const counts = this.counts.subarray(channel * BINS, (channel + 1) * BINS)
    const joined = Uint32Array.from({ length: BINS / 2 }, (_, pair) => (counts[2 * pair] as number) + (counts[2 * pair + 1] as number))
    counts.fill(0)
    counts.set(joined, first)
  }
}

/** One channel's. */
export interface Histogram {
  readonly counts: Uint32Array
  readonly start: number
  readonly width: number
}
