import { performance } from 'node:perf_hooks'
import { onAbort } from '../base/aborts.js'
import type { ServiceError } from '../base/errors.js'
import { FairQueue } from '../base/fair-queue.js'
import type { Wantable } from '../compiler/signature.js'
import { Places, type Place } from './places.js'
import type { EngineImage, EngineImages, Outputs, OutputValues, RunReply } from './protocol.js'
import { PROBABILITIES_ONLY, neededOutputs, outputNames, union, type Wanted } from './wanted.js'

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
  run (images: EngineImages, wanted: Wanted): Promise<RunReply>
  /** Says that a batch is about to come. */
  rouse? (): void
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
  /** What who finds no place is told. */
  readonly retryAfterSeconds?: () => number
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

interface Entry {
  readonly image: EngineImage
  readonly wanted: Wanted
  readonly place: Place
  readonly enqueuedAt: number
  readonly signal: AbortSignal
  readonly resolve: (answer: Classified) => void
  readonly reject: (reason: unknown) => void
}

/**
 * A bounded queue in front of the engine. Clients take turns, each first come, first served; whatever waits goes together as
 * soon as the engine is free, pictures and values in batches of their own. The images of a batch that fails are tried once
 * more before all others, each on its own, so that one that breaks the engine fails alone.
 */
export class Batcher {
  /** Places of images that are admitted and that the engine has not taken yet. */
  readonly places: Places
  private readonly pictures = new FairQueue<Entry>()
  private readonly values = new FairQueue<Entry>()
  /** Images of batches that failed, which wait for their second try. They are few, and hold no place. */
  private readonly suspects = new Set<Entry>()
  /** Those that the engine holds. */
  private readonly retried = new Set<Entry>()
  /** Batches that the engine holds, each with the moment when it got it; the oldest comes first. */
  private readonly running = new Map<readonly Entry[], number>()
  private delay: NodeJS.Timeout | undefined
  private isOver = false

  constructor (private readonly options: BatcherOptions) {
    this.places = new Places(options.queueSize, (by) => { options.observer?.queueChanged(by) }, options.retryAfterSeconds)
  }

  /** Milliseconds since the engine got the oldest batch that it holds; 0 if it holds none. */
  get batchAgeMs (): number {
    const [oldest] = this.running.values()
    return oldest === undefined ? 0 : performance.now() - oldest
  }

  /** An image is about to be submitted: an engine that sleeps wakes up meanwhile. */
  rouse (): void {
    if (this.running.size === 0) this.options.engine.rouse?.()
  }

  /** The engine is lost: fails all that waits with `reason`, and tries nothing again. */
  giveUp (reason: ServiceError): void {
    this.isOver = true
    const waiting = [this.pictures, this.values].flatMap((queue) => [...take(queue, queue.size)])
    for (const entry of [...waiting, ...this.suspects]) {
      entry.place.release()
      entry.reject(reason)
    }
    this.suspects.clear()
  }

  /** Looks for work; to be called when the engine becomes ready. */
  wake (): void {
    const { engine, maxBatchSize, batchDelayMs } = this.options
    clearTimeout(this.delay)
    this.delay = undefined
    while (engine.ready) {
      const [suspect] = this.suspects
      // What may break a worker shares it with no other batch.
      if ((suspect !== undefined || this.retried.size > 0) && this.running.size >= engine.workers) return
      if (suspect !== undefined) {
        this.suspects.delete(suspect)
        this.retried.add(suspect)
        void this.runBatch([suspect])
        continue
      }
      const waiting = this.longestWaiting()
      const { oldest } = waiting
      if (oldest === undefined) return
      const isFull = waiting.size >= maxBatchSize
      if (this.running.size >= engine.workers * (isFull ? BATCHES_HELD : 1)) return
      const delayMs = isFull ? 0 : oldest.enqueuedAt + batchDelayMs - performance.now()
      if (delayMs > 0) {
        this.delay = setTimeout(() => { this.wake() }, Math.ceil(delayMs))
        return
      }
      void this.runBatch([...take(waiting, maxBatchSize)])
    }
  }

  /** The images of the kind whose first one came first. */
  private longestWaiting (): FairQueue<Entry> {
    if (this.values.size === 0) return this.pictures
    const { oldest: picture } = this.pictures
    const { oldest: value } = this.values
    return picture !== undefined && value !== undefined && picture.enqueuedAt <= value.enqueuedAt ? this.pictures : this.values
  }

  /**
   * Queues an image that has a place and takes over its memory. The place is given back when the engine takes the image, or
   * the promise rejects: with the signal's reason when it is aborted, or a RangeError if the image has another size than the
   * network's input, or the network no such output.
   */
  submit (image: EngineImage, place: Place, signal: AbortSignal, wanted = PROBABILITIES_ONLY): Promise<Classified> {
    const waiting = image instanceof Float32Array ? this.values : this.pictures
    return new Promise((resolve, reject) => {
      const refusal = this.refusalOf(image, wanted)
      if (refusal !== undefined) {
        place.release()
        return reject(refusal)
      }
      const abort = (): void => {
        waiting.delete(entry)
        this.suspects.delete(entry)
        place.release()
        reject(signal.reason)
      }
      const settled = <T>(settle: (value: T) => void) => (value: T): void => {
        ignore()
        settle(value)
      }
      const enqueuedAt = performance.now()
      const entry: Entry = { image, wanted, place, enqueuedAt, signal, resolve: settled(resolve), reject: settled(reject) }
      waiting.add(entry, place.client)
      const ignore = onAbort(signal, abort)
      if (signal.aborted) return abort()
      this.wake()
    })
  }

  /** One image that the worker cannot take would fail its whole batch, and the worker with it. */
  private refusalOf (image: EngineImage, wanted: Wanted): RangeError | undefined {
    const { imageLength, outputs } = this.options
    if (image.length !== imageLength) return new RangeError(`an image has ${image.length} numbers, and the network takes ${imageLength}`)
    const missing = neededOutputs(wanted).find((name) => !outputs.includes(name))
    return missing === undefined ? undefined : new RangeError(`the network has no output ${missing}`)
  }

  private async runBatch (batch: readonly Entry[]): Promise<void> {
    this.running.set(batch, performance.now())
    for (const entry of batch) entry.place.release()
    const wanted = union(batch.map((entry) => entry.wanted))
    try {
      this.answer(batch, await this.options.engine.run(batch.map((entry) => entry.image) as EngineImages, wanted))
    } catch (error) {
      for (const entry of batch) this.failed(entry, error)
    } finally {
      for (const entry of batch) this.retried.delete(entry)
      this.running.delete(batch)
      this.wake()
    }
  }

  /** An image that failed with its batch waits for its second try, unless nobody waits for it. */
  private failed (entry: Entry, reason: unknown): void {
    if (this.isOver || this.retried.has(entry)) return entry.reject(reason)
    if (entry.signal.aborted) return
    this.suspects.add(entry)
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
}

function rowOf (values: Float32Array<ArrayBuffer>, index: number, rows: number): Float32Array<ArrayBuffer> {
  const length = values.length / rows
  return values.subarray(index * length, (index + 1) * length)
}

/** What one image of a batch asked for; others in it may have asked for more. */
function outputsOf (outputs: Outputs, wanted: Wanted, index: number, images: number): Outputs {
  return Object.fromEntries(outputNames(wanted).map((name) => {
    const { shape, values } = outputs[name] as OutputValues
    return [name, { shape, values: rowOf(values, index, images) }]
  }))
}

function * take<T extends object> (queue: FairQueue<T>, most: number): Generator<T> {
  for (let left = most; left > 0; left--) {
    const next = queue.take()
    if (next === undefined) return
    yield next
  }
}
