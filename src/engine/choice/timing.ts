import type { SampleLayer } from '../../compiler/sample/sample.js'
import type { Candidate } from './candidates.js'

/** What is to be timed, in a process of its own. */
export interface TimingOrder {
  /** Those of the most interest first. */
  readonly candidates: readonly Candidate[]
  readonly sample: 'few' | 'all'
  readonly batchSize: number
  /** Rounds that are wanted. */
  readonly rounds: number
  /** Time for all of it, from when TensorFlow is loaded: what does not fit is left out. */
  readonly limitMs: number
  /** The addon with the kernels. */
  readonly addon: string
  /** Folders, of which the first that takes files is used for a moment. */
  readonly folders: readonly string[]
}

export interface Timed {
  readonly layers: readonly SampleLayer[]
  readonly times: readonly CandidateTimes[]
  /** CPUs that others left to it meanwhile, on average; undefined where the system does not say. */
  readonly spareCpus: number | undefined
}

export interface CandidateTimes {
  readonly candidate: Candidate
  /** Milliseconds of each layer in each round. */
  readonly rounds: ReadonlyArray<readonly number[]>
}

/** A candidate's time for a network such as Xception. */
export interface Estimate extends Candidate {
  readonly milliseconds: number
  /** How far every other round says otherwise than those between, as a share. */
  readonly disagreement: number
}

/** Fewer say nothing about how far they agree. */
const FEWEST_ROUNDS = 2
/** Who is so close is as fast. */
const CLOSE = 0.03

/**
 * The shortest time of each layer, which says the least of what else the machine did, times the number of layers that it stands for.
 * Those are left out that were not timed often enough.
 */
export function estimatesOf ({ layers, times }: Timed): Estimate[] {
  const total = (rounds: CandidateTimes['rounds']): number => (
    layers.reduce((sum, { count }, index) => sum + count * Math.min(...rounds.map((round) => round[index] ?? NaN)), 0)
  )
  return times.filter(({ rounds }) => rounds.length >= FEWEST_ROUNDS).map(({ candidate, rounds }) => {
    const halves = [0, 1].map((half) => total(rounds.filter((_, round) => round % 2 === half)))
    return { ...candidate, milliseconds: total(rounds), disagreement: Math.max(...halves) / Math.min(...halves) - 1 }
  })
}

/** The first, unless others are faster by more than what is close and by more than they agree with themselves: then the fastest. */
export function fastestOf (estimates: readonly Estimate[]): Estimate | undefined {
  return estimates.reduce<Estimate | undefined>((best, one) => best === undefined || isFaster(one, best) ? one : best, undefined)
}

export function isFaster (one: Estimate, other: Estimate): boolean {
  return one.milliseconds * (1 + Math.max(CLOSE, one.disagreement, other.disagreement)) < other.milliseconds
}
