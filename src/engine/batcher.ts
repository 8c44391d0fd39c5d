import { performance } from 'node:perf_hooks'
import { ServiceError } from '../base/errors.js'
import type { RunReply } from './protocol.js'

/**
 * Batches a worker may hold: the one that it runs, and the next, so that it never waits for the main thread. Only a
 * full batch goes ahead of its turn; a smaller one may still grow while the worker is busy.
 */
export const BATCHES_HELD = 2

/** What the batcher needs of an engine. */
export interface BatchRunner {
  readonly ready: boolean
  /** Batches that it works on at the same time. */
  readonly workers: number
  run (images: ReadonlyArray<Uint8Array<ArrayBuffer>>): Promise<RunReply>
}

export interface BatcherOptions {
  readonly engine: BatchRunner
  readonly maxBatchSize: number
  /** Admitted images that may be waiting, decoded or not. */
  readonly queueSize: number
  /** How long an image may wait for others to share its batch, in milliseconds. */
  readonly batchDelayMs: number
  readonly observer?: BatcherObserver
}

/** Told where the state changes; what is made of it is not the batcher's business. */
export interface BatcherObserver {
  queueLength (images: number): void
  batch (size: number, inferenceMs: number): void
  queued (ms: number): void
}

/** One image's answer. */
export interface Classified {
  readonly probabilities: Float32Array
  readonly queueMs: number
  readonly inferenceMs: number
  readonly batchSize: number
}

/** Places in the queue that a request holds; each is either filled with one image or given back. */
export interface Reservation {
  submit (image: Uint8Array<ArrayBuffer>): Promise<Classified>
  /** Gives one place back, for an image that could not be decoded. */
  release (): void
}

interface Entry {
  readonly image: Uint8Array<ArrayBuffer>
  readonly enqueuedAt: number
  readonly resolve: (answer: Classified) => void
  readonly reject: (reason: unknown) => void
  readonly forget: () => void
}

/** A bounded queue in front of the engine. First come, first served; whatever waits goes together as soon as the engine is free. */
export class Batcher {
  private readonly waiting = new Set<Entry>()
  private reserved = 0
  /** Batches that the engine holds. */
  private running = 0
  private delay: NodeJS.Timeout | undefined

  constructor (private readonly options: BatcherOptions) {}

  /** Images admitted that the engine has not taken yet. */
  get queueLength (): number {
    return this.reserved
  }

  /**
   * Admits a request of `count` images, all or none. An aborted signal takes its images out of the queue.
   * Throws a ServiceError `queue_full`.
   */
  reserve (count: number, signal: AbortSignal): Reservation {
    if (this.reserved + count > this.options.queueSize) {
      throw new ServiceError('queue_full', `The queue has ${this.options.queueSize - this.reserved} places left, and this request needs ${count}.`, { retryAfterSeconds: 1 })
    }
    this.changeReserved(count)
    let open = count
    const take = (): void => {
      if (open === 0) throw new Error('the reservation is used up')
      open--
    }
    return {
      submit: (image) => {
        take()
        return this.enqueue(image, signal)
      },
      release: () => {
        take()
        this.changeReserved(-1)
      }
    }
  }

  /** Looks for work; to be called when the engine becomes ready. */
  wake (): void {
    const { engine, maxBatchSize, batchDelayMs } = this.options
    while (engine.ready && this.waiting.size > 0) {
      const isFull = this.waiting.size >= maxBatchSize
      if (this.running >= engine.workers * (isFull ? BATCHES_HELD : 1)) return
      const [oldest] = this.waiting
      const delayMs = oldest === undefined || isFull ? 0 : oldest.enqueuedAt + batchDelayMs - performance.now()
      if (delayMs > 0) {
        this.delay ??= setTimeout(() => {
          this.delay = undefined
          this.wake()
        }, Math.ceil(delayMs))
        return
      }
      this.runBatch().catch(() => {})
    }
  }

  private enqueue (image: Uint8Array<ArrayBuffer>, signal: AbortSignal): Promise<Classified> {
    return new Promise((resolve, reject) => {
      const abort = (): void => {
        if (this.waiting.delete(entry)) this.changeReserved(-1)
        reject(signal.reason)
      }
      const entry: Entry = { image, enqueuedAt: performance.now(), resolve, reject, forget: () => { signal.removeEventListener('abort', abort) } }
      this.waiting.add(entry)
      if (signal.aborted) return abort()
      signal.addEventListener('abort', abort, { once: true })
      this.wake()
    })
  }

  private async runBatch (): Promise<void> {
    const { engine, maxBatchSize, observer } = this.options
    const batch = [...take(this.waiting, maxBatchSize)]
    for (const entry of batch) this.waiting.delete(entry)
    this.changeReserved(-batch.length)
    this.running++
    try {
      const { probabilities, inferenceMs } = await engine.run(batch.map((entry) => entry.image))
      observer?.batch(batch.length, inferenceMs)
      const inferenceStartedAt = performance.now() - inferenceMs
      const classes = probabilities.length / batch.length
      batch.forEach((entry, index) => {
        const queueMs = inferenceStartedAt - entry.enqueuedAt
        observer?.queued(queueMs)
        entry.resolve({ probabilities: probabilities.subarray(index * classes, (index + 1) * classes), queueMs, inferenceMs, batchSize: batch.length })
      })
    } catch (error) {
      for (const entry of batch) entry.reject(error)
    } finally {
      for (const entry of batch) entry.forget()
      this.running--
      this.wake()
    }
  }

  private changeReserved (by: number): void {
    this.reserved += by
    this.options.observer?.queueLength(this.reserved)
  }
}

function * take<T> (items: Iterable<T>, most: number): Generator<T> {
  let left = most
  for (const item of items) {
    if (left-- === 0) return
    yield item
  }
}
