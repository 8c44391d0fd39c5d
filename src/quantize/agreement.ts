import { indexOfLargest } from '../base/statistics.js'
import type { GraphAnswers } from './answers.js'

/** How answers differ from those in float32. */
export interface Agreement {
  readonly pictures: number
  /** Share of pictures whose most probable label is the same. */
  readonly sameLabel: number
  /** The same, of pictures whose two most probable labels are apart by more than `CLEAR_MARGIN` in float32. */
  readonly clearPictures: number
  readonly sameLabelWhereClear: number
  readonly meanDifference: number
  readonly largestDifference: number
  /** Root of the mean squared difference of logits, each picture's taken about their mean. */
  readonly logitError: number
}

/** Difference of the two highest probabilities from which an answer counts as clear. */
const CLEAR_MARGIN = 0.1
/** Smaller probabilities say nothing: float32 has few digits left for them. */
const LEAST_PROBABILITY = 1e-30

export function agreementOf (reference: GraphAnswers, answers: GraphAnswers): Agreement {
  const { classes } = reference
  const pictures = reference.probabilities.length / classes
  const rows = Array.from({ length: pictures }, (_, picture) => {
    const of = ({ probabilities }: GraphAnswers): Float32Array => probabilities.subarray(picture * classes, (picture + 1) * classes)
    return { expected: of(reference), found: of(answers) }
  })
  const same = rows.map(({ expected, found }) => indexOfLargest(expected) === indexOfLargest(found))
  const clear = rows.map(({ expected }) => marginOf(expected) > CLEAR_MARGIN)
  const clearPictures = clear.filter(Boolean).length
  const differences = reference.probabilities.map((probability, index) => Math.abs(probability - (answers.probabilities[index] ?? NaN)))
  return {
    pictures,
    sameLabel: same.filter(Boolean).length / pictures,
    clearPictures,
    sameLabelWhereClear: same.filter((isSame, picture) => isSame && clear[picture] === true).length / clearPictures,
    meanDifference: differences.reduce((sum, value) => sum + value, 0) / differences.length,
    largestDifference: differences.reduce((most, value) => Math.max(most, value), 0),
    logitError: Math.sqrt(rows.reduce((sum, row) => sum + squaredLogitError(row.expected, row.found), 0) / differences.length)
  }
}

function marginOf (probabilities: Float32Array): number {
  const [second = 0, first = 0] = Float32Array.from(probabilities).sort().slice(-2)
  return first - second
}

function squaredLogitError (expected: Float32Array, found: Float32Array): number {
  const [one, other] = [centredLogits(expected), centredLogits(found)]
  return one.reduce((sum, logit, index) => sum + (logit - (other[index] ?? NaN)) ** 2, 0)
}

/** Logits but for what is added to all of them, which softmax does not see. */
function centredLogits (probabilities: Float32Array): Float64Array {
  const logs = Float64Array.from(probabilities, (probability) => Math.log(Math.max(probability, LEAST_PROBABILITY)))
  const mean = logs.reduce((sum, log) => sum + log, 0) / logs.length
  return logs.map((log) => log - mean)
}
