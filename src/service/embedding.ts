import { notEmbeddable } from '../base/sentences.js'
import { shortened } from '../base/float32.js'
import { OUTPUTS } from '../compiler/signature.js'
import { answersOf, type Answers } from './classification.js'
import type { Upload, Work } from './inference.js'
import type { LoadedModel, ModelFacts } from './loaded-model.js'

/** What one image is to the network before the classifier: what the global pooling gives, [channels]. */
export interface Embedded {
  readonly embedding: Float32Array
}

/** The pooled features of each image of one request. Throws a ServiceError `not_embeddable`, or the signal's reason. */
export async function embed (model: LoadedModel, uploads: Upload[], work: Work): Promise<Answers<Embedded>> {
  checkEmbeddable(model.facts)
  const answers = await model.infer(uploads, { ...work, wanted: { outputs: [OUTPUTS.features] } })
  return answersOf(answers, ({ outputs: { features } }) => {
    if (features === undefined) throw new Error('the network has features, and the engine gave none')
    return { embedding: features.values }
  })
}

/** Throws a ServiceError `not_embeddable` for a network that pools nothing. */
export function checkEmbeddable ({ offers: { features } }: Pick<ModelFacts, 'offers'>): void {
  if ('reason' in features) throw notEmbeddable(features.reason)
}

/** The same direction with the length 1 (L2), so that the product of two is the cosine between them; zeros stay zeros. */
export function unitLength (embedding: Float32Array): Float32Array {
  const length = Math.sqrt(embedding.reduce((sum, value) => sum + value * value, 0))
  return length === 0 ? embedding : embedding.map((value) => value / length)
}

/** For JSON, with no more digits than float32 has. */
export function toNumbers (embedding: Float32Array): number[] {
  return Array.from(embedding, shortened)
}
