/** A seeded source of random numbers (mulberry32), so that the same seed gives the same ones every time. */
export class Random {
  constructor (private state: number) {}

  /** Uniform between `low` and `high`. */
  uniform (low = 0, high = 1): number {
    this.state = (this.state + 0x6d2b79f5) | 0
    let mixed = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return low + (high - low) * ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }

  /** A whole number from 0 to below `limit`. */
  below (limit: number): number {
    return Math.floor(this.uniform() * limit)
  }

  /** Normal with mean 0 (Box-Muller). */
  normal (deviation = 1): number {
    return deviation * Math.sqrt(-2 * Math.log(1 - this.uniform())) * Math.cos(2 * Math.PI * this.uniform())
  }
}
