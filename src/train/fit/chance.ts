import { Random } from '../../base/random.js'

/** Makes seeds that follow each other differ in all their bits (the golden ratio of 32 bits). */
const SPREAD = 0x9e3779b1

/** What random numbers are drawn for, so that none of them follows from another. */
const PURPOSES = { order: 1, picture: 2, mixing: 3 } as const

/** The random numbers of one purpose and place: nothing that was drawn before decides them, so a training can begin anywhere. */
export function chance (seed: number, purpose: keyof typeof PURPOSES, ...place: readonly number[]): Random {
  const state = [PURPOSES[purpose], ...place].reduce((mixed, number) => {
    const next = Math.imul(mixed ^ number, SPREAD)
    return next ^ (next >>> 15)
  }, Math.imul(seed, SPREAD))
  return new Random(state | 0)
}

/** The numbers from 0 to below `count` in an order by chance (Fisher and Yates). */
export function shuffled (count: number, random: Random): Uint32Array<ArrayBuffer> {
  const numbers = Uint32Array.from({ length: count }, (_, index) => index)
  for (let last = count - 1; last > 0; last--) {
    const other = random.below(last + 1)
    const [one, two] = [numbers[last] ?? 0, numbers[other] ?? 0]
    numbers[last] = two
    numbers[other] = one
  }
  return numbers
}

/** Between 0 and 1, from the Beta distribution with the same parameter twice, at most 1 (Jöhnk 1964). */
export function symmetricBeta (parameter: number, random: Random): number {
  for (;;) {
    const one = random.uniform() ** (1 / parameter)
    const other = random.uniform() ** (1 / parameter)
    if (one + other > 0 && one + other <= 1) return one / (one + other)
  }
}
