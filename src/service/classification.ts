import { ServiceError } from '../base/errors.js'
import type { Predictions, Timings } from '../contract/images.js'
import { explanations, whyNotExplainable } from './explanation.js'
import { timingsOf, type Inferred, type Upload, type Work } from './inference.js'
import type { LoadedModel } from './loaded-model.js'

/** What one request was answered, an image each, or the reason why there is nothing, in upload order. */
export interface Answers<T> {
  readonly results: ReadonlyArray<T | { readonly error: ServiceError }>
  readonly timings: Timings
}

/** The answer for one image: predictions, or the reason why there are none. */
export type ImageResult = Predictions | { readonly error: ServiceError }

/** Classifies the images of one request: the `k` most probable labels of each, with their maps if asked. Throws the signal's reason. */
export async function classify (
  model: LoadedModel, uploads: Upload[], { k, isExplained = false }: { readonly k: number, readonly isExplained?: boolean }, work: Work
): Promise<Answers<Predictions>> {
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
