import { OperatorError, ServiceError } from '../../base/errors.js'
import type { Config } from '../../config.js'
import { inputSpec, type Model } from '../../model/model.js'
import type { Upload } from '../../service/inference.js'
import { LoadedModel } from '../../service/loaded-model.js'
import { Metrics } from '../../telemetry/metrics.js'
import type { Sample } from '../../train/data/index.js'
import { largerInput, variantOf } from '../../train/head/augment.js'
import { featureKey, type FeatureCache } from '../../train/head/feature-cache.js'
import { inOrder } from '../../base/in-order.js'
import { ImageFeed } from '../image-feed.js'
import { Progress } from '../progress.js'
import { say } from '../say.js'
import { DECODER_PATIENCE_MS, pictureDecoder } from '../picture-decoder.js'

/** A picture as it is (0), or one of its variants. */
export interface Variant {
  readonly sample: Sample
  readonly variant: number
}

/** Has the engine compute the features that the cache lacks, and keeps them. Throws an OperatorError if one cannot be computed. */
export async function computeFeatures (config: Config, model: Model, wanted: readonly Variant[], cache: FeatureCache): Promise<void> {
  const missing = distinct(wanted).filter((one) => cache.get(keyOf(one)) === undefined)
  const known = wanted.length - missing.length
  if (known > 0 && missing.length > 0) say(`${known} of ${wanted.length} pictures have their features from before.`)
  if (missing.length === 0) return
  const loaded = await LoadedModel.open(config, model, {
    metrics: new Metrics(), decoderPatienceMs: DECODER_PATIENCE_MS, onStep: (step) => { say(`The model: ${step}`) }
  })
  try {
    await embedAll(missing, cache, { feed: new ImageFeed(loaded, config, new AbortController().signal), read: reader(config, model) })
  } finally {
    await loaded.close()
  }
}

/** The features of a picture that were computed. */
export function featuresOf (wanted: Variant, cache: FeatureCache): Float32Array {
  const features = cache.get(keyOf(wanted))
  if (features === undefined) throw new Error(`${wanted.sample.path} has no features`)
  return features
}

interface Engine {
  readonly feed: ImageFeed
  readonly read: (wanted: Variant) => Promise<Upload>
}

async function embedAll (missing: readonly Variant[], cache: FeatureCache, { feed, read }: Engine): Promise<void> {
  const progress = new Progress(missing.length)
  try {
    for await (const [one, result] of inOrder(missing, feed.concurrency, async (lacking) => (
      [lacking, await feed.embedUpload(() => read(lacking))] as const
    ))) {
      if ('error' in result) {
        const { code, message } = result.error
        throw new OperatorError(`${one.sample.path} gives no features: ${code}: ${message}`, { cause: result.error })
      }
      await cache.add(keyOf(one), result.embedding)
      progress.add(false)
    }
  } finally {
    progress.stop()
  }
  say(`Features: ${progress.summary}`)
}

/** Variants are cut out here, pictures as they are go through the service's own decoder. */
function reader (config: Config, model: Model): Engine['read'] {
  const input = inputSpec(model.input)
  const decoder = pictureDecoder(config, largerInput(input))
  return async ({ sample, variant }) => {
    try {
      const file = await sample.read()
      if (variant === 0) return file
      return { pixels: variantOf(await decoder.decode(file), input, sample.hash, variant) }
    } catch (error) {
      if (error instanceof ServiceError) return error
      throw error
    }
  }
}

function keyOf ({ sample, variant }: Variant): string {
  return featureKey(sample.hash, variant)
}

function distinct (wanted: readonly Variant[]): Variant[] {
  return [...new Map(wanted.map((one) => [keyOf(one), one])).values()]
}
