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
/** Tries in a row, after which a worker is given up. */
export const MAX_RESTARTS = 5
/** Time is counted in steps: a process that was paused for long is late by one of them, and not by the pause. */
const WATCH_STEPS = 10

export interface WorkerOptions extends LoadRequest {
  /** A run that takes longer hangs, and its worker is given up. No limit where it is left out. */
  readonly runTimeoutMs?: number
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
  /** It hangs, or cannot be brought up again: there will be no worker any more, and the thread may be impossible to end. */
  lost: [reason: Error]
}

/** The front of the worker thread that owns TensorFlow. A worker that throws or exits is replaced. */
export class SupervisedWorker extends EventEmitter<WorkerEvents> {
  private pool: Piscina | undefined
  private closed = false
  private isReady = false
  /** What rejects each run that the worker holds. */
  private readonly runs = new Set<(reason: Error) => void>()
  private watch: NodeJS.Timeout | undefined
  private failedRestarts = 0
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
   * `inference_failed` if the worker throws, exits or hangs; the next batch has to wait for `ready`.
   */
  async run (images: EngineImages, wanted: readonly Wantable[] = []): Promise<RunReply> {
    const pool = this.pool
    if (pool === undefined || !this.isReady) throw new ServiceError('not_ready', 'No worker is ready to classify: try again in a moment.')
    const request: RunRequest = { images, wanted }
    try {
      // The worker gets a copy, which takes microseconds: a batch that fails is tried again, image by image.
      return await this.watched(pool.run(request, { name: 'run' }) as Promise<RunReply>)
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
    // The pool is in the middle of telling us: its own bookkeeping has to end before it can be destroyed.
    setImmediate(() => { this.restart(failed) })
  }

  private async restart (failed?: Piscina): Promise<void> {
    if (this.closed) return
    try {
      await failed?.destroy()
      await this.start()
      this.failedRestarts = 0
    } catch (error) {
      if (this.closed) return
      this.failedRestarts++
      const { message } = error as Error
      if (this.failedRestarts === MAX_RESTARTS) {
        return this.lose(new Error(`the worker could not be brought up again in ${MAX_RESTARTS} tries: ${message}`, { cause: error }))
      }
      this.emit('restartFailed', error as Error)
      setTimeout(() => { this.restart() }, RESTART_DELAY_MS).unref()
    }
  }

  /** As the promise; rejects as soon as the worker is lost. */
  private async watched<T> (run: Promise<T>): Promise<T> {
    return await new Promise((resolve, reject) => {
      this.runs.add(reject)
      // A batch that is held ahead has its time from when its turn comes.
      if (this.runs.size === 1) this.watchRun()
      run.then(resolve, reject).finally(() => {
        this.runs.delete(reject)
        this.watchRun()
      })
    })
  }

  private watchRun (): void {
    const { runTimeoutMs } = this.options
    clearInterval(this.watch)
    if (runTimeoutMs === undefined || this.runs.size === 0) return
    let steps = 0
    this.watch = setInterval(() => {
      if (++steps === WATCH_STEPS) this.lose(new Error(`the worker did not return a batch within ${runTimeoutMs} ms: it hangs`))
    }, runTimeoutMs / WATCH_STEPS)
  }

  private lose (reason: Error): void {
    if (this.closed) return
    clearInterval(this.watch)
    this.closed = true
    this.isReady = false
    this.emit('lost', reason)
    for (const reject of this.runs) reject(reason)
  }
}
