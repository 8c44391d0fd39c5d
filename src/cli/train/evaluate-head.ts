import type { Dataset, Sample } from '../../train/data/index.js'
import type { CrossValidation } from '../../train/head/cross-validation.js'
import { logitsOf, softmax, type Linear } from '../../train/head/logistic.js'
import { matrixOf, rowOf, type Matrix } from '../../train/head/matrix.js'
import { equalWeights } from '../../train/head/rows.js'
import { divided, temperatureOf } from '../../train/head/temperature.js'
import type { Judgement, Report } from '../../train/report/index.js'

/** The temperature that calibrates a head, and what it does for pictures that it was not fitted to. */
export interface Calibration {
  readonly temperature: number
  /** Which pictures say how it does, in the order of the judgements. */
  readonly evaluatedOn: Report['evaluatedOn']
  readonly samples: readonly Sample[]
  readonly judgements: readonly Judgement[]
}

interface Fitted {
  readonly head: Linear
  readonly validation: CrossValidation
  readonly featuresOf: (sample: Sample) => Float32Array
}

/**
 * Calibrates a head on the validation split and judges it by the test split. Where there is none of either, what cross-validation
 * said of the pictures that were fitted to stands in for it.
 */
export function calibrate ({ splits }: Dataset, { head, validation, featuresOf }: Fitted): Calibration {
  const logits = (samples: readonly Sample[]): Matrix => (
    samples.length === 0 ? validation.logits : logitsOf(matrixOf(samples.map(featuresOf)), head)
  )
  const calibrating = splits.validation.length === 0 ? splits.train : splits.validation
  const labels = labelsOf(calibrating)
  const temperature = temperatureOf({ logits: logits(splits.validation), labels, weights: equalWeights(labels) })
  const samples = splits.test.length === 0 ? splits.train : splits.test
  return {
    temperature,
    evaluatedOn: splits.test.length === 0 ? 'cross-validation' : 'test',
    samples,
    judgements: judgementsOf(divided(logits(splits.test), temperature), samples)
  }
}

export function labelsOf (samples: readonly Sample[]): Uint32Array {
  return Uint32Array.from(samples, ({ label }) => label)
}

function judgementsOf (logits: Matrix, samples: readonly Sample[]): Judgement[] {
  return samples.map(({ label }, index) => {
    const probabilities = Float64Array.from(rowOf(logits, index))
    softmax(probabilities, label)
    return { probabilities, label }
  })
}
