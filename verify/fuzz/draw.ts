import { Random } from '../../src/base/random.js'

/** Random choices that the same seed repeats. */
export class Draw extends Random {
  oneOf<T> (...choices: readonly T[]): T {
    return choices[this.below(choices.length)] as T
  }

  /** True once in `often` times. */
  once (often: number): boolean {
    return this.below(often) === 0
  }

  /** From `least` to `most`. */
  between (least: number, most: number): number {
    return least + this.below(most - least + 1)
  }

  bytes (count: number): Buffer {
    return Buffer.from(Array.from({ length: count }, () => this.below(256)))
  }
}
