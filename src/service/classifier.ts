import { performance } from 'node:perf_hooks'
import type { ServiceSettings } from './settings.js'
import { usableCpus } from '../base/cpus.js'
import { ServiceError } from '../base/errors.js'
import type { Metrics } from '../telemetry/metrics.js'
import type { Backend } from '../engine/backend.js'
import { Batcher, type Classified, type Reservation } from '../engine/batcher.js'
import type { InputChoices } from '../model/input.js'
import type { Precision } from '../compiler/index.js'
import { topK, type Label, type Prediction } from '../model/labels.js'
import { inputSpec, type Model } from '../model/model.js'
import { startRuntime, type Runtime } from './loaded-model.js'
import { inSpan, recordSpan } from '../telemetry/tracing.js'
import { configureDecoding, createDecoder, type Decoder } from '../preprocess/index.js'

/** Below the size of Node's thread pool (4), which decoding shares with file access. */
const MAX_DECODES = 3

/** The answer for one image: predictions, or the reason why there are none. */
export type ImageResult = { readonly predictions: readonly Prediction[] } | { readonly error: ServiceError }

/** An upload, or the error that reading it already met. */
export type Upload = Uint8Array | ServiceError

export interface Classification {
  readonly results: readonly ImageResult[]
  readonly timings: Timings
}

/** Milliseconds. Of a request with many images: the slowest of each stage, and the largest batch. */
export interface Timings {
  readonly decodeMs: number
  readonly queueMs: number
  readonly inferenceMs: number
  readonly batchSize: number
}

export interface ModelDescription {
  readonly name: string
  readonly version: string
  readonly backend: Backend
  readonly precision: Precision
}

type Answer = { readonly predictions: readonly Prediction[], readonly decodeMs: number } & Classified

/** Uploads in, predictions out: decoding, batching, the network and labels. Knows nothing of HTTP. */
export class Classifier {
  private readonly batcher: Batcher
  private readonly decoder: Decoder

  private constructor (
    private readonly model: Model,
    private readonly runtime: Runtime,
    config: ServiceSettings,
    private readonly metrics: Metrics
  ) {
    const { pool, maxBatchSize } = runtime
    this.batcher = new Batcher({ engine: pool, maxBatchSize, queueSize: config.queueSize, batchDelayMs: config.batchDelayMs, observer: metrics })
    this.decoder = createDecoder({ concurrency: Math.min(MAX_DECODES, usableCpus()), input: inputSpec(model.input), limits: config })
    metrics.queueCapacity.set(config.queueSize)
    pool.on('ready', () => { this.batcher.wake() })
    pool.on('restart', () => { metrics.workerRestarts.inc() })
    metrics.modelInfo.set({ ...this.description, tensorflow_version: runtime.tensorflowVersion }, 1)
  }

  /** Starts the runtime and what feeds it; see `startRuntime`. Throws an Error of one sentence. */
  static async start (config: ServiceSettings, model: Model, metrics: Metrics, workerFile?: URL): Promise<Classifier> {
    configureDecoding({ threads: 1 })
    return new Classifier(model, await startRuntime(config, model, workerFile), config, metrics)
  }

  /** What a reply says about the model. */
  get description (): ModelDescription {
    return { name: this.model.name, version: this.model.version, backend: this.runtime.backend, precision: this.runtime.precision }
  }

  /** What the operator wants to know at the start. */
  get environment (): { readonly tensorflow: string, readonly maxBatchSize: number } {
    return { tensorflow: this.runtime.tensorflowVersion, maxBatchSize: this.runtime.maxBatchSize }
  }

  /** False while there is no worker. */
  get ready (): boolean {
    return this.runtime.pool.ready
  }

  /** How pictures become the network's input, and why. */
  get input (): InputChoices {
    return this.model.input
  }

  get labels (): readonly Label[] {
    return this.model.labels
  }

  /**
   * Classifies the images of one request; each has its own result, in order. Throws a ServiceError if the request is not
   * admitted (`queue_full`, `not_ready`) or the signal's reason if it is aborted.
   */
  async classify (uploads: readonly Upload[], k: number, signal: AbortSignal): Promise<Classification> {
    signal.throwIfAborted()
    if (!this.runtime.pool.ready) throw new ServiceError('not_ready', 'The worker is being replaced: try again in a moment.', { retryAfterSeconds: 1 })
    const reservation = this.batcher.reserve(uploads.length, signal)
    this.metrics.imagesInFlight.inc(uploads.length)
    try {
      const settled = await Promise.allSettled(uploads.map((upload) => this.classifyOne(upload, reservation, k, signal)))
      for (const one of settled) this.metrics.images.inc({ outcome: one.status === 'fulfilled' ? 'ok' : asServiceError(one.reason).code })
      signal.throwIfAborted()
      const answers = settled.flatMap((one) => one.status === 'fulfilled' ? [one.value] : [])
      const most = (key: 'decodeMs' | 'queueMs' | 'inferenceMs' | 'batchSize'): number => Number(Math.max(0, ...answers.map((answer) => answer[key])).toFixed(2))
      return {
        results: settled.map((one) => one.status === 'fulfilled' ? { predictions: one.value.predictions } : { error: asServiceError(one.reason) }),
        timings: { decodeMs: most('decodeMs'), queueMs: most('queueMs'), inferenceMs: most('inferenceMs'), batchSize: most('batchSize') }
      }
    } finally {
      this.metrics.imagesInFlight.dec(uploads.length)
    }
  }

  async close (): Promise<void> {
    await this.runtime.pool.close()
  }

  private async classifyOne (upload: Upload, reservation: Reservation, k: number, signal: AbortSignal): Promise<Answer> {
    const startedAt = performance.now()
    let pixels
    try {
      if (upload instanceof ServiceError) throw upload
      const bytes = upload
      pixels = await inSpan('decode', () => this.decoder.decode(bytes, signal))
    } catch (error) {
      reservation.release()
      throw error
    }
    const decodeMs = performance.now() - startedAt
    this.metrics.decodeDuration.observe(decodeMs / 1000)
    const submittedAt = performance.now()
    const classified = await reservation.submit(pixels)
    const takenAt = submittedAt + classified.queueMs
    recordSpan('queue', submittedAt, takenAt)
    recordSpan('inference', takenAt, performance.now(), { 'xception.batch_size': classified.batchSize })
    const predictions = topK(classified.probabilities, this.model.labels, k)
    if (predictions[0] !== undefined) this.metrics.predictions.inc({ label: predictions[0].label })
    return { ...classified, predictions, decodeMs }
  }
}

function asServiceError (error: unknown): ServiceError {
  return error instanceof ServiceError ? error : new ServiceError('internal_error', 'The image could not be classified.', { cause: error })
}
