import { ServiceError } from '../base/errors.js'
import { keepInUse } from '../compiler/cache.js'
import type { ModelTarget } from '../compiler/index.js'
import type { Wantable } from '../compiler/signature.js'
import { chooseBackend, type Backend } from '../engine/backend.js'
import { Batcher, type Classified } from '../engine/batcher.js'
import type { Kernels, Products } from '../engine/kernels.js'
import type { Place } from '../engine/places.js'
import type { EngineImage } from '../engine/protocol.js'
import { chooseComputation, type Computation } from '../engine/target.js'
import type { Wanted } from '../engine/wanted.js'
import type { InputChoices } from '../model/input.js'
import type { Label } from '../model/labels.js'
import type { Model } from '../model/model.js'
import { networkOutputs, type NetworkOutputs } from '../model/outputs.js'
import { configureDecoding, type Decoder } from '../preprocess/index.js'
import type { Metrics } from '../telemetry/metrics.js'
import type { Snapshot } from '../telemetry/snapshot.js'
import { compiledModel } from './compiled-model.js'
import { imageLengthOf, startRuntime, type OpenOptions, type Runtime } from './runtime.js'
import type { ServiceSettings } from './settings.js'
import { Workload } from './workload.js'

export interface ModelDescription {
  readonly name: string
  readonly version: string
  readonly backend: Backend
  readonly precision: Products
}

/** Sets what all models of a process share: libvips's threads. To be called before the first model is opened. */
export function prepareProcess (): void {
  configureDecoding({ threads: 1 })
}

/** All that serves one model: its workers, their queue, its decoder, labels and input. Several can be open at the same time. */
export class LoadedModel {
  readonly decoder: Decoder
  /** What a reply says about the model. */
  readonly description: ModelDescription
  /** What the network can give of one image, and why not where it cannot. */
  readonly offers: NetworkOutputs
  /** What its requests have in hand. */
  readonly workload: Workload
  private readonly batcher: Batcher
  private isLost = false
  private users = 0
  private onLastUser: (() => void) | undefined

  private constructor (
    private readonly model: Model,
    private readonly config: ServiceSettings,
    readonly metrics: Metrics,
    private readonly runtime: Runtime,
    private readonly computation: Computation,
    private readonly release: () => void
  ) {
    const { pool, loaded, maxBatchSize } = runtime
    const { precision } = computation
    const { queueSize, batchDelayMs } = config
    const imageLength = imageLengthOf(model)
    const { outputs } = loaded
    this.workload = new Workload({ fullLoad: Math.min(queueSize, maxBatchSize * pool.workers) })
    this.batcher = new Batcher({
      engine: pool,
      imageLength,
      outputs,
      maxBatchSize,
      queueSize,
      batchDelayMs,
      observer: metrics,
      retryAfterSeconds: () => this.workload.retryAfterSeconds
    })
    this.decoder = runtime.decoder
    this.description = { name: model.name, version: model.version, backend: loaded.backend, precision }
    this.offers = networkOutputs(model.network)
    pool.on('ready', () => { this.batcher.wake() })
    pool.on('lost', () => {
      this.isLost = true
      const detail = 'The engine is lost, and the process ends: send this request again.'
      this.batcher.giveUp(new ServiceError('not_ready', detail, { retryAfterSeconds: 1 }))
    })
  }

  /**
   * Compiles a model or takes it from the cache, starts its workers and warms them up. `prepareProcess` comes first.
   * Throws an OperatorError.
   */
  static async open (config: ServiceSettings, model: Model, options: OpenOptions): Promise<LoadedModel> {
    const backend = chooseBackend(config.backend)
    const computation = chooseComputation(config.precision, backend)
    const compiled = holdCompiled(config, model, computation.target, options.onStep)
    try {
      const runtime = await startRuntime(config, model, compiled.then(({ path }) => path), options)
      return new LoadedModel(model, config, options.metrics, runtime, computation, (await compiled).release)
    } catch (error) {
      (await compiled).release()
      throw error
    }
  }

  /** False while there is no worker. */
  get ready (): boolean {
    return !this.isLost && this.runtime.pool.ready
  }

  /** What computes its separable convolutions. */
  get kernels (): Kernels {
    return this.computation.kernels
  }

  get tensorflowVersion (): string {
    return this.runtime.loaded.tensorflowVersion
  }

  /** What it does at this moment. */
  get snapshot (): Snapshot {
    const { workers, ready, decoder, batcher } = this
    return {
      ready,
      workers: { ready: workers, starting: this.config.engineWorkers - workers },
      decodes: { running: decoder.active, waiting: decoder.waiting },
      batchAgeMs: batcher.batchAgeMs
    }
  }

  get maxBatchSize (): number {
    return this.runtime.maxBatchSize
  }

  /** Workers that can take a batch. */
  get workers (): number {
    return this.runtime.pool.workers
  }

  /** Bytes that its workers' processes have in memory; 0 where the system does not tell. */
  get residentBytes (): number {
    return this.runtime.pool.usage.residentBytes
  }

  /** Images that its queue can hold. */
  get queueSize (): number {
    return this.config.queueSize
  }

  /** What the network can be asked for beside its probabilities. */
  get outputs (): readonly Wantable[] {
    return this.runtime.loaded.outputs
  }

  /** How pictures become the network's input, and why. */
  get input (): InputChoices {
    return this.model.input
  }

  get labels (): readonly Label[] {
    return this.model.labels
  }

  /**
   * The place in the queue that a request begins with, which has so many milliseconds. Throws a ServiceError `not_ready`,
   * `deadline_unreachable` or `queue_full`.
   */
  admit (client: string, withinMs = Infinity): Place {
    if (!this.ready) throw new ServiceError('not_ready', 'The worker is being replaced: try again in a moment.', { retryAfterSeconds: 1 })
    this.workload.demandTime(client, withinMs)
    return this.batcher.places.take(client)
  }

  /** Resolves once the engine has computed an image that nobody sent. Rejects where it does not. */
  async probe (): Promise<void> {
    await this.runtime.pool.run([new Uint8Array(imageLengthOf(this.model))])
  }

  /** As `Places.wait`. */
  async place (client: string, signal: AbortSignal): Promise<Place> {
    return await this.batcher.places.wait(client, signal)
  }

  /** As `Batcher.submit`. */
  submit (image: EngineImage, place: Place, signal: AbortSignal, wanted?: Wanted): Promise<Classified> {
    return this.batcher.submit(image, place, signal, wanted)
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

/** A compiled model's folder, which stays in the cache until it is released. */
async function holdCompiled (
  config: ServiceSettings, model: Model, target: ModelTarget, onStep: OpenOptions['onStep']
): Promise<{ readonly path: string, readonly release: () => void }> {
  const { path } = await compiledModel(config, model, target, onStep)
  onStep?.('warming up')
  return { path, release: keepInUse(path) }
}
