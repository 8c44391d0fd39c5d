/** Numbers from a seed, the same on every machine (xorshift32, Marsaglia 2003). */
export class Random {
  private state: number

  constructor (seed: number) {
    // Small seeds give small first numbers, so they are spread over all bits; the state must not be 0.
    this.state = Math.imul(seed, 0x9e3779b1) | 1
  }

  /** In [0, 1). */
  uniform (): number {
    let state = this.state
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    this.state = state
    return (state >>> 0) / 2 ** 32
  }

  /** Mean 0, variance 1 (Box and Muller 1958). */
  normal (): number {
    return Math.sqrt(-2 * Math.log(1 - this.uniform())) * Math.cos(2 * Math.PI * this.uniform())
  }
}
