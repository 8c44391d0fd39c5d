import { performance } from 'node:perf_hooks'
import { ServiceError } from '../errors.js'
import type { RunReply } from './protocol.js'

/** What the batcher needs of an engine. */
export interface BatchRunner {
  readonly ready: boolean
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
  private running = false
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
    if (this.running || this.delay !== undefined || this.waiting.size === 0 || !this.options.engine.ready) return
    const [oldest] = this.waiting
    const delayMs = oldest === undefined ? 0 : oldest.enqueuedAt + this.options.batchDelayMs - performance.now()
    if (this.waiting.size < this.options.maxBatchSize && delayMs > 0) {
      this.delay = setTimeout(() => {
        this.delay = undefined
        this.runBatch().catch(() => {})
      }, delayMs)
    } else {
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
      if (this.delay !== undefined && this.waiting.size >= this.options.maxBatchSize) {
        clearTimeout(this.delay)
        this.delay = undefined
      }
      this.wake()
    })
  }

  private async runBatch (): Promise<void> {
    const { engine, maxBatchSize, observer } = this.options
    if (this.running || !engine.ready) return
    const batch = [...this.waiting].slice(0, maxBatchSize)
    if (batch.length === 0) return
    for (const entry of batch) this.waiting.delete(entry)
    this.changeReserved(-batch.length)
    this.running = true
    const startedAt = performance.now()
    try {
      const { probabilities, inferenceMs } = await engine.run(batch.map((entry) => entry.image))
      observer?.batch(batch.length, inferenceMs)
      const classes = probabilities.length / batch.length
      batch.forEach((entry, index) => {
        const queueMs = startedAt - entry.enqueuedAt
        observer?.queued(queueMs)
        entry.resolve({ probabilities: probabilities.subarray(index * classes, (index + 1) * classes), queueMs, inferenceMs, batchSize: batch.length })
      })
    } catch (error) {
      for (const entry of batch) entry.reject(error)
    } finally {
      for (const entry of batch) entry.forget()
      this.running = false
      this.wake()
    }
  }

  private changeReserved (by: number): void {
    this.reserved += by
    this.options.observer?.queueLength(this.reserved)
  }
}
