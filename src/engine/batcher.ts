import { performance } from 'node:perf_hooks'
import { ServiceError } from '../base/errors.js'
import { WANTABLE, type Wantable } from '../compiler/signature.js'
import type { EngineImage, EngineImages, Outputs, OutputValues, RunReply } from './protocol.js'

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
  run (images: EngineImages, wanted: readonly Wantable[]): Promise<RunReply>
}

export interface BatcherOptions {
  readonly engine: BatchRunner
  /** Numbers of one image, whatever their kind. */
  readonly imageLength: number
  /** What the network can be asked for beside its probabilities. */
  readonly outputs: readonly Wantable[]
  readonly maxBatchSize: number
  /** Admitted images that may be waiting, decoded or not. */
  readonly queueSize: number
  /** How long an image may wait for others to share its batch, in milliseconds. */
  readonly batchDelayMs: number
  readonly observer?: BatcherObserver
}

/** Told where the state changes; what is made of it is not the batcher's business. */
export interface BatcherObserver {
  /** Images that were admitted, less those that left. */
  queueChanged (by: number): void
  batch (size: number, inferenceMs: number): void
  queued (ms: number): void
}

/** One image's answer. */
export interface Classified {
  readonly probabilities: Float32Array
  readonly outputs: Outputs
  readonly queueMs: number
  readonly inferenceMs: number
  readonly batchSize: number
}

/** Places in the queue that a request holds; each is either filled with one image or given back. */
export interface Reservation {
  /** Takes over the image's memory. Rejects with a RangeError if it has another size than the network's input, or the network no such output. */
  submit (image: EngineImage, wanted?: readonly Wantable[]): Promise<Classified>
  /** Gives one place back, for an image that could not be decoded. */
  release (): void
}

interface Entry {
  readonly image: EngineImage
  readonly wanted: readonly Wantable[]
  readonly enqueuedAt: number
  readonly signal: AbortSignal
  readonly resolve: (answer: Classified) => void
  readonly reject: (reason: unknown) => void
}

const PROBABILITIES_ONLY: readonly Wantable[] = []

/**
 * A bounded queue in front of the engine. First come, first served; whatever waits goes together as soon as the engine is
 * free, pictures and values in batches of their own. The images of a batch that fails are tried once more before all others,
 * each on its own, so that one that breaks the engine fails alone.
 */
export class Batcher {
  private readonly pictures = new Set<Entry>()
  private readonly values = new Set<Entry>()
  /** Images of batches that failed, which wait for their second try. */
  private readonly suspects = new Set<Entry>()
  /** Those that the engine holds. */
  private readonly retried = new Set<Entry>()
  private reserved = 0
  /** Batches that the engine holds. */
  private running = 0
  private delay: NodeJS.Timeout | undefined
  private isOver = false

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
      throw new ServiceError('queue_full', `The queue has ${Math.max(0, this.options.queueSize - this.reserved)} places left, and this request needs ${count}.`, { retryAfterSeconds: 1 })
    }
    this.changeReserved(count)
    let open = count
    const take = (): void => {
      if (open === 0) throw new Error('the reservation is used up')
      open--
    }
    return {
      submit: (image, wanted = PROBABILITIES_ONLY) => {
        take()
        return this.enqueue(image, wanted, signal)
      },
      release: () => {
        take()
        this.changeReserved(-1)
      }
    }
  }

  /** The engine is lost: fails all that waits with `reason`, and tries nothing again. */
  giveUp (reason: ServiceError): void {
    this.isOver = true
    for (const waiting of [this.pictures, this.values, this.suspects]) {
      this.changeReserved(-waiting.size)
      for (const entry of waiting) entry.reject(reason)
      waiting.clear()
    }
  }

  /** Looks for work; to be called when the engine becomes ready. */
  wake (): void {
    const { engine, maxBatchSize, batchDelayMs } = this.options
    while (engine.ready) {
      const [suspect] = this.suspects
      // What may break a worker shares it with no other batch.
      if ((suspect !== undefined || this.retried.size > 0) && this.running >= engine.workers) return
      if (suspect !== undefined) {
        this.suspects.delete(suspect)
        this.retried.add(suspect)
        this.runBatch([suspect])
        continue
      }
      const waiting = this.longestWaiting()
      const [oldest] = waiting
      if (oldest === undefined) return
      const isFull = waiting.size >= maxBatchSize
      if (this.running >= engine.workers * (isFull ? BATCHES_HELD : 1)) return
      const delayMs = isFull ? 0 : oldest.enqueuedAt + batchDelayMs - performance.now()
      if (delayMs > 0) {
        this.delay ??= setTimeout(() => {
          this.delay = undefined
          this.wake()
        }, Math.ceil(delayMs))
        return
      }
      const batch = [...take(waiting, maxBatchSize)]
      for (const entry of batch) waiting.delete(entry)
      this.runBatch(batch)
    }
  }

  /** The images of the kind whose first one came first. */
  private longestWaiting (): Set<Entry> {
    if (this.values.size === 0) return this.pictures
    const [picture] = this.pictures
    const [value] = this.values
    return picture !== undefined && value !== undefined && picture.enqueuedAt <= value.enqueuedAt ? this.pictures : this.values
  }

  private enqueue (image: EngineImage, wanted: readonly Wantable[], signal: AbortSignal): Promise<Classified> {
    const waiting = image instanceof Float32Array ? this.values : this.pictures
    return new Promise((resolve, reject) => {
      const refusal = this.refusalOf(image, wanted)
      if (refusal !== undefined) {
        this.changeReserved(-1)
        return reject(refusal)
      }
      const abort = (): void => {
        if (waiting.delete(entry) || this.suspects.delete(entry)) this.changeReserved(-1)
        reject(signal.reason)
      }
      const settled = <T>(settle: (value: T) => void) => (value: T): void => {
        signal.removeEventListener('abort', abort)
        settle(value)
      }
      const entry: Entry = { image, wanted, enqueuedAt: performance.now(), signal, resolve: settled(resolve), reject: settled(reject) }
      waiting.add(entry)
      if (signal.aborted) return abort()
      signal.addEventListener('abort', abort, { once: true })
      this.wake()
    })
  }

  /** One image that the worker cannot take would fail its whole batch, and the worker with it. */
  private refusalOf (image: EngineImage, wanted: readonly Wantable[]): RangeError | undefined {
    const { imageLength, outputs } = this.options
    if (image.length !== imageLength) return new RangeError(`an image has ${image.length} numbers, and the network takes ${imageLength}`)
    const missing = wanted.find((name) => !outputs.includes(name))
    return missing === undefined ? undefined : new RangeError(`the network has no output ${missing}`)
  }

  private async runBatch (batch: readonly Entry[]): Promise<void> {
    this.changeReserved(-batch.length)
    this.running++
    const wanted = WANTABLE.filter((name) => batch.some((entry) => entry.wanted.includes(name)))
    try {
      this.answer(batch, await this.options.engine.run(batch.map((entry) => entry.image) as EngineImages, wanted))
    } catch (error) {
      for (const entry of batch) this.failed(entry, error)
    } finally {
      for (const entry of batch) this.retried.delete(entry)
      this.running--
      this.wake()
    }
  }

  /** An image that failed with its batch waits for its second try, unless nobody waits for it. */
  private failed (entry: Entry, reason: unknown): void {
    if (this.isOver || this.retried.has(entry)) return entry.reject(reason)
    if (entry.signal.aborted) return
    this.suspects.add(entry)
    this.changeReserved(1)
  }

  private answer (batch: readonly Entry[], { probabilities, outputs, inferenceMs }: RunReply): void {
    const { observer } = this.options
    observer?.batch(batch.length, inferenceMs)
    const inferenceStartedAt = performance.now() - inferenceMs
    batch.forEach((entry, index) => {
      const queueMs = inferenceStartedAt - entry.enqueuedAt
      observer?.queued(queueMs)
      entry.resolve({
        probabilities: rowOf(probabilities, index, batch.length),
        outputs: outputsOf(outputs, entry.wanted, index, batch.length),
        queueMs,
        inferenceMs,
        batchSize: batch.length
      })
    })
  }

  private changeReserved (by: number): void {
    this.reserved += by
    this.options.observer?.queueChanged(by)
  }
}

function rowOf (values: Float32Array<ArrayBuffer>, index: number, rows: number): Float32Array<ArrayBuffer> {
  const length = values.length / rows
  return values.subarray(index * length, (index + 1) * length)
}

/** What one image of a batch asked for; others in it may have asked for more. */
function outputsOf (outputs: Outputs, wanted: readonly Wantable[], index: number, images: number): Outputs {
  return Object.fromEntries(wanted.map((name) => {
    const { shape, values } = outputs[name] as OutputValues
    return [name, { shape, values: rowOf(values, index, images) }]
  }))
}

function * take<T> (items: Iterable<T>, most: number): Generator<T> {
  let left = most
  for (const item of items) {
    if (left-- === 0) return
    yield item
  }
}
