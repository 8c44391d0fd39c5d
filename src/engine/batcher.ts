import { performance } from 'node:perf_hooks'
import { FairQueue } from '../base/fair-queue.js'
import { WANTABLE, type Wantable } from '../compiler/signature.js'
import { Places, type Place } from './places.js'
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

interface Entry {
  readonly image: EngineImage
  readonly wanted: readonly Wantable[]
  readonly place: Place
  readonly enqueuedAt: number
  readonly resolve: (answer: Classified) => void
  readonly reject: (reason: unknown) => void
  readonly forget: () => void
}

const PROBABILITIES_ONLY: readonly Wantable[] = []

/**
 * A bounded queue in front of the engine. Clients take turns, each first come, first served; whatever waits goes together as
 * soon as the engine is free, pictures and values in batches of their own.
 */
export class Batcher {
  /** Of images admitted that the engine has not taken yet. */
  readonly places: Places
  private readonly pictures = new FairQueue<Entry>()
  private readonly values = new FairQueue<Entry>()
  /** Batches that the engine holds. */
  private running = 0
  private delay: NodeJS.Timeout | undefined

  constructor (private readonly options: BatcherOptions) {
    this.places = new Places(options.queueSize, (by) => { options.observer?.queueChanged(by) })
  }

  /** Looks for work; to be called when the engine becomes ready. */
  wake (): void {
    const { engine, maxBatchSize, batchDelayMs } = this.options
    for (;;) {
      const waiting = this.longestWaiting()
      const { oldest } = waiting
      if (oldest === undefined || !engine.ready) return
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
      this.runBatch(waiting).catch(() => {})
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
        place.release()
        reject(signal.reason)
      }
      const forget = (): void => { signal.removeEventListener('abort', abort) }
      const entry: Entry = { image, wanted, place, enqueuedAt: performance.now(), resolve, reject, forget }
      waiting.add(entry, place.client)
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

  private async runBatch (waiting: FairQueue<Entry>): Promise<void> {
    const { engine, maxBatchSize, observer } = this.options
    const batch = [...take(waiting, maxBatchSize)]
    this.running++
    for (const entry of batch) entry.place.release()
    try {
      const wanted = WANTABLE.filter((name) => batch.some((entry) => entry.wanted.includes(name)))
      const { probabilities, outputs, inferenceMs } = await engine.run(batch.map((entry) => entry.image) as EngineImages, wanted)
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
    } catch (error) {
      for (const entry of batch) entry.reject(error)
    } finally {
      for (const entry of batch) entry.forget()
      this.running--
      this.wake()
    }
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

function * take<T extends object> (queue: FairQueue<T>, most: number): Generator<T> {
  for (let left = most; left > 0; left--) {
    const next = queue.take()
    if (next === undefined) return
    yield next
  }
}
