import type { ServiceError } from '../base/errors.js'
import { workerReplaced } from '../base/sentences.js'
import { keepInUse } from '../compiler/cache.js'
import type { ModelTarget } from '../compiler/index.js'
import type { Wantable } from '../compiler/signature.js'
import type { Prediction } from '../contract/images.js'
import type { ModelDescription } from '../contract/models.js'
import { chooseBackend } from '../engine/backend.js'
import { Batcher } from '../engine/batcher.js'
import type { Place } from '../engine/places.js'
import { chooseComputation, type Computation } from '../engine/target.js'
import type { InputChoices } from '../model/input.js'
import { topK, type Label } from '../model/labels.js'
import type { Model } from '../model/model.js'
import { networkOutputs, type NetworkOutputs } from '../model/outputs.js'
import { configureDecoding, jpegDecoder, type HeatMap } from '../preprocess/index.js'
import type { Metrics } from '../telemetry/metrics.js'
import { compiledModel } from './compiled-model.js'
import { Inference, type Inferred, type Upload, type Work } from './inference.js'
import { ModelState } from './model-state.js'
import { imageLengthOf, startRuntime, type OpenOptions, type Runtime } from './runtime.js'
import type { ServiceSettings } from './settings.js'
import { Workload } from './workload.js'

/** What stays the same about a model as long as it is open. */
export interface ModelFacts {
  /** What a reply says about it. */
  readonly description: ModelDescription
  /** How pictures become the network's input, and why. */
  readonly input: InputChoices
  readonly labels: readonly Label[]
  /** What the network can give of one image, and why not where it cannot. */
  readonly offers: NetworkOutputs
  /** What the network can be asked for beside its probabilities. */
  readonly outputs: readonly Wantable[]
  /** How it is computed, and why so. */
  readonly computation: Computation
  readonly tensorflowVersion: string
  readonly maxBatchSize: number
  /** Images that its queue can hold. */
  readonly queueSize: number
}

/** Sets what all models of a process share: libvips's threads. To be called before the first model is opened. Says what decodes JPEGs. */
export function prepareProcess (): { readonly jpeg: string } {
  configureDecoding({ threads: 1 })
  return { jpeg: jpegDecoder() }
}

/** All that serves one model: its workers, their queue, its decoder, labels and input. Several can be open at the same time. */
export class LoadedModel {
  readonly facts: ModelFacts
  readonly state: ModelState
  private readonly batcher: Batcher
  /** What its requests have in hand. */
  private readonly workload: Workload
  private readonly inference: Inference
  private users = 0
  private onLastUser: (() => void) | undefined

  private constructor (
    private readonly model: Model,
    config: ServiceSettings,
    private readonly metrics: Metrics,
    private readonly runtime: Runtime,
    computation: Computation,
    private readonly release: () => void
  ) {
    const { pool, watch, decoder, loaded: { backend, tensorflowVersion, outputs }, maxBatchSize } = runtime
    const { name, version, input, labels, network } = model
    const { queueSize, batchDelayMs, engineWorkers } = config
    const description = { name, version, backend, precision: computation.precision }
    const offers = networkOutputs(network)
    this.facts = Object.freeze({ description, input, labels, offers, outputs, computation, tensorflowVersion, maxBatchSize, queueSize })
    this.workload = new Workload({ fullLoad: Math.min(queueSize, maxBatchSize * pool.workers) })
    this.batcher = new Batcher({
      engine: pool,
      imageLength: imageLengthOf(model),
      outputs,
      maxBatchSize,
      queueSize,
      batchDelayMs,
      observer: metrics,
      retryAfterSeconds: () => this.workload.retryAfterSeconds
    })
    this.inference = new Inference({ decoder, batcher: this.batcher, workload: this.workload, metrics })
    this.state = new ModelState({ runtime, batcher: this.batcher, workload: this.workload, workers: engineWorkers })
    watch.queue = this.batcher
  }

  /**
   * Compiles a model or takes it from the cache, starts its workers and warms them up. `prepareProcess` comes first.
   * Throws an OperatorError.
   */
  static async open (config: ServiceSettings, model: Model, options: OpenOptions): Promise<LoadedModel> {
    const computation = chooseComputation(config, chooseBackend(config.backend), options.onStep)
    const path = computation.then(({ target }) => compiledPath(config, model, target, options.onStep))
    const kernels = computation.then(({ kernelNames }) => kernelNames)
    // Both at once: the worker's process loads TensorFlow while it is chosen how to compute, and the model is compiled.
    const [kept, started] = await Promise.allSettled([path.then(keepInUse), startRuntime(config, model, { path, kernels }, options)])
    try {
      // Without a compiled model nothing starts either, for the same reason.
      if (kept.status === 'rejected') throw kept.reason
      if (started.status === 'rejected') throw started.reason
      return new LoadedModel(model, config, options.metrics, started.value, await computation, kept.value)
    } catch (error) {
      if (started.status === 'fulfilled') await started.value.close()
      if (kept.status === 'fulfilled') kept.value()
      throw error
    }
  }

  /**
   * The place in the queue that a request begins with, which has so many milliseconds. Throws a ServiceError `not_ready`,
   * `deadline_unreachable` or `queue_full`.
   */
  admit (client: string, withinMs = Infinity): Place {
    if (!this.state.hasWorker) throw workerReplaced()
    this.workload.demandTime(client, withinMs)
    return this.batcher.places.take(client)
  }

  /** What the network gives for the images of one request, by `Inference.infer`. */
  infer (uploads: Upload[], work: Work): Promise<ReadonlyArray<Inferred | ServiceError>> {
    return this.inference.infer(uploads, work)
  }

  /** The `k` most probable labels of an image, most probable first, of which the first is counted. */
  predictions ({ probabilities }: Inferred, k: number): Prediction[] {
    const predictions = topK(probabilities, this.facts.labels, k)
    if (predictions[0] !== undefined) this.metrics.predictions.inc({ label: predictions[0].label })
    return predictions
  }

  /** A picture with a class's map over it, by `Decoder.drawHeat`. */
  draw (picture: Uint8Array, map: HeatMap, { signal, ticket, crop }: Work & Required<Pick<Work, 'ticket'>>): Promise<Uint8Array> {
    return this.runtime.decoder.drawHeat(picture, map, signal, ticket.client, crop)
  }

  /** Resolves once the engine has computed an image that nobody sent. Rejects where it does not. */
  async probe (): Promise<void> {
    await this.runtime.pool.run([new Uint8Array(imageLengthOf(this.model))])
  }

  /** Does work with the model, which stays open until it is done. */
  async use<T> (work: (model: this) => Promise<T>): Promise<T> {
    this.users++
    try {
      return await work(this)
    } finally {
      this.users--
      if (this.users === 0) this.onLastUser?.()
    }
  }

  /** Waits for all work with the model, then ends its workers. There is to be no more of it. */
  async close (): Promise<void> {
    if (this.users > 0) await new Promise<void>((resolve) => { this.onLastUser = resolve })
    await this.runtime.close()
    this.release()
  }
}

/** The folder of the compiled model. */
async function compiledPath (config: ServiceSettings, model: Model, target: ModelTarget, onStep: OpenOptions['onStep']): Promise<string> {
  const { path } = await compiledModel(config, model, target, onStep)
  onStep?.('warming up')
  return path
}
