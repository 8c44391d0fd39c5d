import { engineFailed, noWorker } from '../base/sentences.js'
import { NO_USAGE, sumOfUsage, type ProcessUsage } from '../base/process-usage.js'
import { EngineProcess, type EngineProcessOptions } from './engine-process.js'
import type { EngineImages, LoadReply, LoadRequest, RunReply } from './protocol.js'
import { PROBABILITIES_ONLY, type Wanted } from './wanted.js'

/** The module that owns TensorFlow. */
export const WORKER_FILE = new URL('./worker.js', import.meta.url)

/** Wait before the next try when a new worker could not be brought up either. */
const RESTART_DELAY_MS = 1000
/** Tries in a row, after which a worker is given up. */
export const MAX_RESTARTS = 5

export interface WorkerOptions extends Omit<LoadRequest, 'path' | 'kernels'>, Omit<EngineProcessOptions, 'workerFile'> {
  /** Path of the SavedModel. While it is made or looked for, the worker's process loads TensorFlow. */
  readonly path: string | Promise<string>
  readonly kernels?: LoadRequest['kernels'] | Promise<LoadRequest['kernels']>
  /** The worker's module; tests hand in ones that misbehave. */
  readonly workerFile?: URL | undefined
  readonly observer?: WorkerObserver | undefined
}

/** Told of what befalls a worker. */
export interface WorkerObserver {
  /** It is up, for the first time or again. */
  ready? (): void
  /** It failed, and a new one is being started. */
  failed? (reason: Error): void
  /** A new one could not be started; another try follows. */
  notReplaced? (reason: Error): void
  /** It cannot be brought up again, and nothing is tried any more. */
  lost? (reason: Error): void
}

/**
 * A process that owns TensorFlow, and another in its place whenever one fails: it throws, ends, is killed for want of memory,
 * answers nonsense or does not answer in time.
 */
export class SupervisedWorker {
  private process: EngineProcess | undefined
  private closed = false
  private isReady = false
  private failedRestarts = 0
  /** Usage of the processes that are gone. */
  private past = NO_USAGE
  private warmUpBatchSizes: readonly number[]

  constructor (private readonly options: WorkerOptions) {
    this.warmUpBatchSizes = options.warmUpBatchSizes
  }

  /** False while there is no worker to run a batch. */
  get ready (): boolean {
    return this.isReady
  }

  /** What its process takes of the machine, and took in CPU time with all that were before it. */
  get usage (): ProcessUsage {
    return sumOfUsage([this.past, this.process?.usage ?? NO_USAGE])
  }

  /** Names the batch sizes that a worker runs before it is ready, from the next one that is started on. */
  warmUpWith (batchSizes: readonly number[]): void {
    this.warmUpBatchSizes = batchSizes
  }

  /** Starts the worker; resolves when the model is loaded and warm. Rejects with the reason if it cannot be, or has no path. */
  async start (): Promise<LoadReply> {
    if (this.closed) throw new Error('the worker is closed')
    const { path, kernels, imageBytes, workerFile = WORKER_FILE, environment, runTimeoutMs } = this.options
    const started = new EngineProcess({ workerFile, environment, runTimeoutMs })
    this.past = { ...NO_USAGE, cpuSeconds: this.usage.cpuSeconds }
    this.process = started
    // One that ends between two batches is noticed here, one that ends in a batch by its rejected run.
    void started.ended.then((reason) => { this.failed(started, reason) })
    try {
      const [folder, names] = await Promise.all([path, kernels])
      const reply = await started.load({ path: folder, kernels: names, imageBytes, warmUpBatchSizes: this.warmUpBatchSizes })
      this.isReady = true
      this.options.observer?.ready?.()
      return reply
    } catch (error) {
      started.kill(error as Error)
      await started.gone()
      throw error
    }
  }

  /**
   * Runs one batch of images of one kind, and computes what is `wanted` beside the probabilities. Rejects with a ServiceError
   * `inference_failed` if the worker fails; the next batch has to wait until the worker is ready.
   */
  async run (images: EngineImages, wanted: Wanted = PROBABILITIES_ONLY): Promise<RunReply> {
    const worker = this.process
    if (worker === undefined || !this.isReady) throw noWorker()
    try {
      return await worker.run({ images, wanted })
    } catch (error) {
      this.failed(worker, error as Error)
      throw engineFailed(error)
    }
  }

  /** Says that a batch is about to come, if there is a worker to hear of it. */
  rouse (): void {
    if (this.isReady) this.process?.rouse()
  }

  /** Ends the worker. Batches that run are cut off, so finish them first. */
  async close (): Promise<void> {
    this.closed = true
    this.isReady = false
    await this.process?.close()
  }

  /** Replaces the worker, once for all the runs that it fails. */
  private failed (worker: EngineProcess, reason: Error): void {
    if (this.closed || !this.isReady || this.process !== worker) return
    this.isReady = false
    worker.kill(reason)
    this.options.observer?.failed?.(reason)
    void this.restart(worker)
  }

  private async restart (failed: EngineProcess): Promise<void> {
    try {
      // Two at once may be more than memory holds.
      await failed.gone()
      if (this.closed) return
      await this.start()
      this.failedRestarts = 0
    } catch (error) {
      if (this.closed) return
      this.failedRestarts++
      const { message } = error as Error
      if (this.failedRestarts === MAX_RESTARTS) {
        return this.lose(new Error(`the worker could not be brought up again in ${MAX_RESTARTS} tries: ${message}`, { cause: error }))
      }
      this.options.observer?.notReplaced?.(error as Error)
      setTimeout(() => { void this.restart(this.process ?? failed) }, RESTART_DELAY_MS).unref()
    }
  }

  private lose (reason: Error): void {
    this.closed = true
    this.options.observer?.lost?.(reason)
  }
}
