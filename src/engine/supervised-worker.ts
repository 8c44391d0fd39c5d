import { EventEmitter } from 'node:events'
import { Piscina } from 'piscina'
import { ServiceError } from '../base/errors.js'
import { BATCHES_HELD } from './batcher.js'
import type { Wantable } from '../compiler/signature.js'
import type { EngineImages, LoadReply, LoadRequest, RunReply, RunRequest } from './protocol.js'

/** The module that runs in the worker thread. */
export const WORKER_FILE = new URL('./worker.js', import.meta.url)

/** Wait before the next try when a new worker could not be brought up either. */
const RESTART_DELAY_MS = 1000

export interface WorkerOptions extends LoadRequest {
  /** The worker's module; tests hand in ones that misbehave. */
  readonly workerFile?: URL
}

interface WorkerEvents {
  /** The worker failed and a new one is being started. */
  restart: [reason: Error]
  /** The worker is up, for the first time or again. */
  ready: []
  /** A worker could not be brought up; another try follows. */
  restartFailed: [reason: Error]
}

/** The front of the worker thread that owns TensorFlow. A worker that throws or exits is replaced. */
export class SupervisedWorker extends EventEmitter<WorkerEvents> {
  private pool: Piscina | undefined
  private closed = false
  private isReady = false

  private warmUpBatchSizes: readonly number[]

  constructor (private readonly options: WorkerOptions) {
    super()
    this.warmUpBatchSizes = options.warmUpBatchSizes
  }

  /** False while there is no worker to run a batch. */
  get ready (): boolean {
    return this.isReady
  }

  /** Names the batch sizes that a worker runs before it is ready, from the next one that is started on. */
  warmUpWith (batchSizes: readonly number[]): void {
    this.warmUpBatchSizes = batchSizes
  }

  /** Starts the worker; resolves when the model is loaded and warm. Rejects with the reason if it cannot be. */
  async start (): Promise<LoadReply> {
    const filename = (this.options.workerFile ?? WORKER_FILE).href
    const pool = new Piscina({ filename, minThreads: 0, maxThreads: 1, idleTimeout: Infinity, concurrentTasksPerWorker: BATCHES_HELD })
    this.pool = pool
    // A worker that dies between two batches is noticed here, one that dies in a batch by its rejected task.
    pool.on('workerDestroy', () => { if (this.pool === pool && this.isReady) this.replace(new Error('the worker exited')) })
    pool.on('error', (error: Error) => { if (this.pool === pool && this.isReady) this.replace(error) })
    try {
      const { path, imageBytes } = this.options
      const request: LoadRequest = { path, imageBytes, warmUpBatchSizes: this.warmUpBatchSizes }
      const reply = await pool.run(request, { name: 'load' }) as LoadReply
      this.isReady = true
      this.emit('ready')
      return reply
    } catch (error) {
      await pool.destroy()
      throw error
    }
  }

  /**
   * Runs one batch of images of one kind, and computes what is `wanted` beside the probabilities. Rejects with a ServiceError
   * `inference_failed` if the worker throws or exits; the next batch has to wait for `ready`.
   */
  async run (images: EngineImages, wanted: readonly Wantable[] = []): Promise<RunReply> {
    const pool = this.pool
    if (pool === undefined || !this.isReady) throw new ServiceError('not_ready', 'No worker is ready to classify: try again in a moment.')
    const request: RunRequest = { images, wanted }
    try {
      // The worker gets a copy, which takes microseconds: a batch that fails is tried again, image by image.
      return await pool.run(request, { name: 'run' }) as RunReply
    } catch (error) {
      if (this.pool === pool && this.isReady) this.replace(error as Error)
      const detail = 'The engine failed on this image: the next request is served by a new worker.'
      throw new ServiceError('inference_failed', detail, { cause: error })
    }
  }

  /** Ends the worker. Batches that run are cut off, so finish them first. */
  async close (): Promise<void> {
    this.closed = true
    this.isReady = false
    await this.pool?.destroy()
  }

  private replace (reason: Error): void {
    if (this.closed) return
    this.isReady = false
    this.emit('restart', reason)
    const failed = this.pool
    this.pool = undefined
    const restart = async (): Promise<void> => {
      if (this.closed) return
      try {
        await this.start()
      } catch (error) {
        this.emit('restartFailed', error as Error)
        setTimeout(() => { restart().catch(() => {}) }, RESTART_DELAY_MS).unref()
      }
    }
    // The pool is in the middle of telling us: its own bookkeeping has to end before it can be destroyed.
    setImmediate(() => { failed?.destroy().catch(() => {}).then(restart).catch(() => {}) })
  }
}
