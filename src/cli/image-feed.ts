import { setMaxListeners } from 'node:events'
import type { ServiceError } from '../base/errors.js'
import { noResult } from '../base/sentences.js'
import { readImage } from '../base/read-image.js'
import { BATCHES_HELD } from '../engine/batcher.js'
import { Places } from '../engine/places.js'
import { classify, type ImageResult } from '../service/classification.js'
import { embed, type Embedded } from '../service/embedding.js'
import type { Upload, Work } from '../service/inference.js'
import type { LoadedModel } from '../service/loaded-model.js'
import { systemFailureOf } from './picture-decoder.js'

/** Batches of decoded images that are ready while each worker holds as many as it may. */
const BATCHES_READY = 1
/** Files that are in memory for each that is being decoded: what disks and network volumes need to keep up. */
const FILES_PER_DECODE = 3

interface Failed { readonly error: ServiceError }

const NO_RESULT: Failed = { error: noResult() }

interface FeedLimits {
  readonly queueSize: number
  readonly decodeConcurrency: number
  readonly maxImageBytes: number
}

/**
 * Brings files to a model's engine: enough that it never waits, while few files are in memory. An answer comes for every file;
 * the signal's reason is thrown if it is aborted, and a SystemFailure for what is not the file's fault.
 */
export class ImageFeed {
  /** Files to have under way at the same time. */
  readonly concurrency: number
  private readonly reads: Places

  /** `crop` is the part that is taken for the whole of each image. */
  constructor (
    private readonly model: LoadedModel, private readonly limits: FeedLimits, private readonly signal: AbortSignal,
    private readonly crop?: Work['crop']
  ) {
    // Each image on its way listens; their number is bounded here.
    setMaxListeners(0, signal)
    this.reads = new Places(FILES_PER_DECODE * limits.decodeConcurrency)
    this.concurrency = Math.min(limits.queueSize, model.state.workers.ready * model.facts.maxBatchSize * (BATCHES_HELD + BATCHES_READY))
  }

  /** The `k` most probable labels of an image file. */
  async classify (file: string, k: number): Promise<ImageResult> {
    return await this.withUpload(() => this.read(file), async (uploads, work) => {
      const { results: [result] } = await classify(this.model, uploads, { k }, work)
      return demandSystem(result ?? NO_RESULT)
    })
  }

  /** The pooled features of an image file; the model has to have them. */
  async embed (file: string): Promise<Embedded | Failed> {
    return await this.embedUpload(() => this.read(file))
  }

  /** Embeds what `read` brings when its turn has come. */
  async embedUpload (read: () => Promise<Upload>): Promise<Embedded | Failed> {
    return await this.withUpload(read, async (uploads, work) => {
      const { results: [result] } = await embed(this.model, uploads, work)
      return demandSystem(result ?? NO_RESULT)
    })
  }

  private async read (file: string): Promise<Upload> {
    return await readImage(file, this.limits.maxImageBytes)
  }

  private async withUpload<T> (read: () => Promise<Upload>, use: (uploads: Upload[], work: Work) => Promise<T>): Promise<T> {
    const { signal } = this
    const place = await this.reads.wait('', signal)
    const uploads = [await read()]
    return await use(uploads, { signal, crop: this.crop, ticket: { client: '', onLetGo: () => { place.release() } } })
  }
}

function demandSystem<T extends object> (result: T | Failed): T | Failed {
  if ('error' in result && result.error.code === 'decoder_failed') throw systemFailureOf(result.error)
  return result
}
