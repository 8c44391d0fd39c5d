import { ServiceError } from '../base/errors.js'
import type { Prediction } from '../model/labels.js'
import { explanations, whyNotExplainable, type Explanation } from './explanation.js'
import { timingsOf, type Inferred, type Timings, type Upload, type Work } from './inference.js'
import type { LoadedModel } from './loaded-model.js'

/** What one request was answered, an image each, or the reason why there is nothing, in upload order. */
export interface Answers<T> {
  readonly results: ReadonlyArray<T | { readonly error: ServiceError }>
  readonly timings: Timings
}

/** A prediction, which says where the network saw its class if that was asked for. */
export type ExplainedPrediction = Prediction & { readonly explanation?: Explanation }

export interface Predicted {
  readonly predictions: readonly ExplainedPrediction[]
}

/** The answer for one image: predictions, or the reason why there are none. */
export type ImageResult = Predicted | { readonly error: ServiceError }

export interface ClassifyOptions {
  /** Predictions an image: its most probable labels. */
  readonly k: number
  /** Asks for each class's map. */
  readonly isExplained?: boolean
}

/** Classifies the images of one request. Throws the signal's reason. */
export async function classify (
  model: LoadedModel, uploads: Upload[], { k, isExplained = false }: ClassifyOptions, work: Work
): Promise<Answers<Predicted>> {
  if (!isExplained) return answersOf(await model.infer(uploads, work), (one) => ({ predictions: model.predictions(one, k) }))
  const refusal = whyNotExplainable(model.facts)
  const answers = await model.infer(uploads, refusal === undefined ? { ...work, wanted: { topMaps: k } } : work)
  return answersOf(answers, (one) => {
    const explanationOf = explanations(one.outputs, refusal)
    return { predictions: model.predictions(one, k).map((prediction, rank) => ({ ...prediction, explanation: explanationOf(rank) })) }
  })
}

/** What `answer` makes of each image that the network saw. */
export function answersOf<T> (inferred: ReadonlyArray<Inferred | ServiceError>, answer: (one: Inferred) => T): Answers<T> {
  const results = inferred.map((one) => one instanceof ServiceError ? { error: one } : answer(one))
  return { results, timings: timingsOf(inferred) }
}
