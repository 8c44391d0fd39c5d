import { performance } from 'node:perf_hooks'
import type { Config } from './config.js'
import { usableCpus } from './cpus.js'
import { ServiceError } from './errors.js'
import type { Metrics } from './metrics.js'
import { chooseBackend, configureTensorFlow, type Backend } from './model/backend.js'
import { Batcher, type Classified, type Reservation } from './model/batcher.js'
import { compileCached } from './model/cache.js'
import type { InputChoices } from './model/choices.js'
import { Engine } from './model/engine.js'
import { topK, type Label, type Prediction } from './model/labels.js'
import { inputSpec, type Model } from './model/model.js'
import { inSpan, recordSpan } from './tracing.js'
import { configureDecoding, createDecoder, type Decoder } from './preprocess/index.js'

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
  readonly precision: 'float32'
}

type Answer = { readonly predictions: readonly Prediction[], readonly decodeMs: number } & Classified

/** Uploads in, predictions out: decoding, batching, the network and labels. Knows nothing of HTTP. */
export class Classifier {
  private readonly batcher: Batcher
  private readonly decoder: Decoder

  private constructor (
    private readonly model: Model,
    readonly description: ModelDescription,
    readonly tensorflowVersion: string,
    private readonly engine: Engine,
    config: Config,
    private readonly metrics: Metrics
  ) {
    this.batcher = new Batcher({ engine, maxBatchSize: config.maxBatchSize, queueSize: config.queueSize, batchDelayMs: config.batchDelayMs, observer: metrics })
    this.decoder = createDecoder({ concurrency: Math.min(MAX_DECODES, usableCpus()), input: inputSpec(model.input), limits: config })
    engine.on('ready', () => { this.batcher.wake() })
    engine.on('restart', () => { metrics.workerRestarts.inc() })
  }

  /** Compiles the model (or takes it from the cache), starts the worker and warms it up. Throws an Error of one sentence. */
  static async start (config: Config, model: Model, metrics: Metrics, workerFile?: URL): Promise<Classifier> {
    const backend = chooseBackend(config.backend)
    // Both are settings of the whole process, made before any thread works.
    configureTensorFlow({ backend: config.backend, threads: config.tensorflowThreads })
    configureDecoding({ threads: 1 })
    const { path } = await compileCached(model, { cacheDir: config.cacheDir, backend, precision: 'float32' })
    const engine = new Engine({
      path,
      imageBytes: model.input.size.value ** 2 * 3,
      warmUpBatchSizes: [...new Set([1, config.maxBatchSize])],
      ...(workerFile === undefined ? {} : { workerFile })
    })
    const loaded = await engine.start()
    if (config.backend === 'gpu' && loaded.backend !== 'gpu') {
      await engine.close()
      throw new Error('BACKEND=gpu, and TensorFlow finds no usable GPU: check the driver and CUDA_VISIBLE_DEVICES, or set BACKEND=cpu')
    }
    const description = { name: model.name, version: model.version, backend: loaded.backend, precision: 'float32' } as const
    metrics.modelInfo.set({ ...description, tensorflow_version: loaded.tensorflowVersion }, 1)
    return new Classifier(model, description, loaded.tensorflowVersion, engine, config, metrics)
  }

  /** False while there is no worker. */
  get ready (): boolean {
    return this.engine.ready
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
    if (!this.engine.ready) throw new ServiceError('not_ready', 'The worker is being replaced: try again in a moment.', { retryAfterSeconds: 1 })
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
    await this.engine.close()
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
