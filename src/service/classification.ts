import { ServiceError } from '../base/errors.js'
import { topK, type Prediction } from '../model/labels.js'
import { infer, timingsOf, type Timings, type Upload, type Work } from './inference.js'
import type { LoadedModel } from './loaded-model.js'

/** The answer for one image: predictions, or the reason why there are none. */
export type ImageResult = { readonly predictions: readonly Prediction[] } | { readonly error: ServiceError }

export interface Classification {
  readonly results: readonly ImageResult[]
  readonly timings: Timings
}

/** Classifies the images of one request: `infer`, and the `k` most probable labels of each. */
export async function classify (model: LoadedModel, uploads: Upload[], k: number, work: Work): Promise<Classification> {
  const answers = await infer(model, uploads, work)
  const results = answers.map((answer) => {
    if (answer instanceof ServiceError) return { error: answer }
    const predictions = topK(answer.probabilities, model.labels, k)
    if (predictions[0] !== undefined) model.metrics.predictions.inc({ label: predictions[0].label })
    return { predictions }
  })
  return { results, timings: timingsOf(answers) }
}
