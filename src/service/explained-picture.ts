import { ServiceError } from '../base/errors.js'
import { notExplainable } from '../base/sentences.js'
import { classify } from './classification.js'
import type { Upload, Work } from './inference.js'
import type { LoadedModel } from './loaded-model.js'

/** Throws a ServiceError `not_explainable` for a network whose maps would not be exact. */
export function checkExplainable ({ facts }: LoadedModel): void {
  const { maps } = facts.offers
  if ('reason' in maps) throw notExplainable(maps.reason)
}

/**
 * The only image of a request, or what its crop leaves of it, with the map of its most probable class over it, as a PNG of at most 640
 * pixels. Throws the image's ServiceError, `not_explainable`, or the signal's reason.
 */
export async function drawExplanation (
  model: LoadedModel, uploads: Upload[], { signal, ticket, crop }: Work & Required<Pick<Work, 'ticket'>>
): Promise<Uint8Array> {
  checkExplainable(model)
  const [upload] = uploads
  if (upload instanceof ServiceError) throw upload
  if (upload === undefined || 'pixels' in upload) throw new TypeError('what is drawn on is a picture, not numbers')
  // Its bytes are needed again, so they stay counted until the request is over.
  const work = { signal, crop, ticket: { ...ticket, onLetGo: () => {} } }
  const { results: [result] } = await classify(model, uploads, { k: 1, isExplained: true }, work)
  if (result === undefined || 'error' in result) throw result?.error ?? new Error('there is no result for the image')
  const explanation = result.predictions[0]?.explanation
  if (explanation === undefined || 'code' in explanation) throw new Error('the network has maps, and the prediction has none')
  return await model.draw(upload, explanation, work)
}
