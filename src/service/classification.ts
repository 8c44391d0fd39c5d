import { ServiceError } from '../base/errors.js'
import { topK, type Prediction } from '../model/labels.js'
import { infer, timingsOf, type Inferred, type Timings, type Upload, type Work } from './inference.js'
import type { LoadedModel } from './loaded-model.js'

/** What one request was answered, an image each, or the reason why there is nothing, in upload order. */
export interface Answers<T> {
  readonly results: ReadonlyArray<T | { readonly error: ServiceError }>
  readonly timings: Timings
}

export interface Predicted<P extends Prediction = Prediction> {
  readonly predictions: readonly P[]
}

/** The answer for one image: predictions, or the reason why there are none. */
export type ImageResult = Predicted | { readonly error: ServiceError }

export type Classification = Answers<Predicted>

/** Classifies the images of one request: `infer`, and the `k` most probable labels of each. */
export async function classify (model: LoadedModel, uploads: Upload[], k: number, work: Work): Promise<Classification> {
  return answersOf(await infer(model, uploads, work), (answer) => ({ predictions: predictionsOf(model, answer, k) }))
}

/** What `answer` makes of each image that the network saw. */
export function answersOf<T> (inferred: ReadonlyArray<Inferred | ServiceError>, answer: (one: Inferred) => T): Answers<T> {
  const results = inferred.map((one) => one instanceof ServiceError ? { error: one } : answer(one))
  return { results, timings: timingsOf(inferred) }
}

/** The `k` most probable labels of an image, most probable first, of which the first is counted. */
export function predictionsOf ({ labels, metrics }: LoadedModel, { probabilities }: Inferred, k: number): Prediction[] {
  const predictions = topK(probabilities, labels, k)
  if (predictions[0] !== undefined) metrics.predictions.inc({ label: predictions[0].label })
  return predictions
}
