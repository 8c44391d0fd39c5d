import { onAbort } from '../base/aborts.js'
import { tooMuchMemory, tookTooLong } from '../base/sentences.js'
import { FairQueue } from '../base/fair-queue.js'
import { FINGERPRINT_PIXEL_BYTES, fingerprint } from './fingerprint.js'
import { DecoderHealth, type DecoderObserver } from './decoder-health.js'
import type { Crop } from './crop.js'
import { decodingBytes, type Picture } from './footprint.js'
import { drawHeat, type HeatMap } from './heat-picture.js'
import { quickJpeg, type QuickJpeg } from './jpeg/quick.js'
import type { MemoryTurns } from './memory-turns.js'
import { thumbnail } from './thumbnail.js'
import { sampledPixelBytes } from './sampling.js'
import { convert, inspect, type Inspected } from './pixels.js'
import { decodeSamples } from './sample-pictures.js'
import type { InputSpec } from '../model/input.js'
import type { ImageLimits, Pixels } from './types.js'

/** A decode that is not back after so many times its time limit is taken to hang: libvips stops at the next piece of a picture. */
const HANGS_AFTER = 6

export interface DecoderOptions {
  /** How many images are decoded at once. Each one takes a thread of Node's pool, so it is to be less than that has. */
  readonly concurrency: number
  readonly input: InputSpec
  readonly limits: ImageLimits
  /** What they may take together, shared by whatever decodes in the process. */
  readonly memory: MemoryTurns
  /** Time for one image, from when its decoding begins. */
  readonly timeoutMs: number
  /** Told once no place is left in which a decode does not hang: nothing more can be decoded. */
  readonly onHang?: () => void
  readonly observer?: DecoderObserver
  /** Time in which an image is tried again that the system, and not the image, let fail; 0 where clients try again by themselves. */
  readonly patienceMs?: number
}

export interface Decoder {
  /**
   * The pixels of the network's input, as `inspect` and `convert` give them, once the image's turn has come and there is memory
   * for it. Throws a ServiceError as those do; `image_too_many_pixels` also for what could never have the memory, `decode_timeout`
   * when its time is up, `crop_outside_image` where a crop leaves nothing, and `decoder_failed` where the system is to blame, again
   * and again. An aborted signal rejects at once, with the signal's reason. An image that still waits then costs nothing; one that is
   * being decoded keeps its place and its memory until libvips is done with it. Clients take turns; without one, all are the same.
   */
  decode (upload: Uint8Array, signal?: AbortSignal, client?: string, crop?: Crop): Promise<Pixels>
  /** Does `drawHeat`, with the same turns, limits and errors as `decode`. */
  drawHeat (upload: Uint8Array, heat: HeatMap, signal: AbortSignal, client: string, crop?: Crop): Promise<Uint8Array<ArrayBuffer>>
  /** Does `fingerprint`, with the same turns, limits and errors as `decode`. */
  fingerprint (upload: Uint8Array): Promise<string>
  /** Does `thumbnail`, with the same turns, limits and errors as `decode`. */
  thumbnail (upload: Uint8Array, side: number): Promise<Uint8Array>
  /** Decodes a picture of each format, as many at once as there are places. Throws a SystemFailure if the system does not let it. */
  warmUp (): Promise<void>
  /** Why nothing can be decoded now; undefined while pictures are. */
  readonly problem: Error | undefined
  /** Images being decoded. */
  readonly active: number
  /** Images waiting for their turn. */
  readonly waiting: number
}

/** Decodes so many images at once as there are places; the others wait, clients in turn, each first come, first served. */
export function createDecoder (options: DecoderOptions): Decoder {
  const { concurrency } = options
  if (!Number.isInteger(concurrency) || concurrency < 1) {
    throw new RangeError(`concurrency must be a whole number from 1, not ${concurrency}`)
  }
  return new PlacedDecoder(options)
}

/** What is made of an upload. */
interface Task<Made> {
  /** What libjpeg-turbo may make of it, which comes first; undefined for what is no plain JPEG. */
  readonly quick?: (upload: Uint8Array) => QuickJpeg | undefined
  readonly make: (image: Inspected) => Promise<Made>
  /** What that holds of the whole picture beside the decoder, in bytes a pixel; 0 where it is left out. */
  readonly pixelBytes?: number
}

interface Job {
  readonly upload: Uint8Array
  readonly task: Task<unknown>
  readonly signal: AbortSignal | undefined
  readonly resolve: (made: unknown) => void
  readonly reject: (reason: unknown) => void
}

class PlacedDecoder implements Decoder {
  active = 0
  private readonly jobs = new FairQueue<Job>()
  private readonly health: DecoderHealth
  private hanging = 0

  constructor (private readonly options: DecoderOptions) {
    const { observer = {}, patienceMs = 0 } = options
    this.health = new DecoderHealth({ check: decodeSamples, observer, patienceMs })
  }

  get waiting (): number {
    return this.jobs.size
  }

  get problem (): Error | undefined {
    return this.health.problem
  }

  async warmUp (): Promise<void> {
    await this.health.demand(async () => { await Promise.all(Array.from({ length: this.options.concurrency }, decodeSamples)) })
  }

  decode (upload: Uint8Array, signal?: AbortSignal, client = '', crop?: Crop): Promise<Pixels> {
    const { input, limits, timeoutMs } = this.options
    const quick = (file: Uint8Array): QuickJpeg | undefined => crop === undefined ? quickJpeg(file, input, limits, timeoutMs) : undefined
    const task = { quick, make: (image: Inspected) => convert(image, input, timeoutMs, crop), pixelBytes: sampledPixelBytes(input) }
    return this.queue(upload, task, signal, client)
  }

  drawHeat (
    upload: Uint8Array, heat: HeatMap, signal: AbortSignal, client: string, crop?: Crop
  ): Promise<Uint8Array<ArrayBuffer>> {
    const { input, timeoutMs } = this.options
    return this.queue(upload, { make: (image) => drawHeat(image, heat, { input, timeoutMs, crop }) }, signal, client)
  }

  fingerprint (upload: Uint8Array): Promise<string> {
    return this.queue(upload, { make: (image) => fingerprint(image, this.options.timeoutMs), pixelBytes: FINGERPRINT_PIXEL_BYTES })
  }

  thumbnail (upload: Uint8Array, side: number): Promise<Uint8Array> {
    return this.queue(upload, { make: (image) => thumbnail(image, side, this.options.timeoutMs) })
  }

  private queue<T> (upload: Uint8Array, task: Task<T>, signal?: AbortSignal, client = ''): Promise<T> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason)
      const abort = (): void => {
        this.jobs.delete(job)
        reject(signal?.reason)
      }
      const settled = <Outcome>(settle: (outcome: Outcome) => void) => (value: Outcome): void => {
        ignore?.()
        settle(value)
      }
      const resolveMade = settled((made: unknown) => { resolve(made as T) })
      const job: Job = { upload, task, signal, resolve: resolveMade, reject: settled(reject) }
      const ignore = signal === undefined ? undefined : onAbort(signal, abort)
      this.jobs.add(job, client)
      this.startWaiting()
    })
  }

  private startWaiting (): void {
    while (this.active < this.options.concurrency) {
      const job = this.jobs.take()
      if (job === undefined) return
      this.active++
      this.work(job).then(job.resolve, job.reject).finally(() => {
        this.active--
        this.startWaiting()
      })
    }
  }

  private async work (job: Job): Promise<unknown> {
    return await this.health.attempt(() => this.workOnce(job), job.signal)
  }

  private async workOnce (job: Job): Promise<unknown> {
    const { upload, task } = job
    const quick = task.quick?.(upload)
    // What libjpeg finds odd is for libvips to judge.
    const made = quick === undefined ? undefined : await this.inTurn(job, quick, () => quick.convert())
    if (made !== undefined) return made
    const image = await inspect(upload, this.options.limits)
    return await this.inTurn(job, image, () => task.make(image))
  }

  private async inTurn<T> ({ task, signal, reject }: Job, picture: Picture, work: () => Promise<T>): Promise<T> {
    const giveBack = await this.options.memory.take(this.bytesOf(picture, task.pixelBytes), signal)
    try {
      return await this.timed(() => { reject(tookTooLong()) }, work)
    } finally {
      giveBack()
    }
  }

  private bytesOf (picture: Picture, pixelBytes: number | undefined): number {
    const { size } = this.options.memory
    const { format, header } = picture
    const bytes = decodingBytes(picture, pixelBytes)
    if (bytes <= size) return bytes
    const sides = `${format.toUpperCase()} of ${header.width} x ${header.height} pixels and ${header.channels} channels`
    throw tooMuchMemory(sides, bytes, size)
  }

  /** Whoever waits is told when the time is up; the place is kept for as long as the work goes on. */
  private async timed<T> (onTimeout: () => void, work: () => Promise<T>): Promise<T> {
    const { timeoutMs } = this.options
    let hangs = false
    const timeout = setTimeout(onTimeout, timeoutMs)
    const hang = setTimeout(() => {
      hangs = true
      this.change(1)
    }, HANGS_AFTER * timeoutMs)
    try {
      return await work()
    } finally {
      clearTimeout(timeout)
      clearTimeout(hang)
      if (hangs) this.change(-1)
    }
  }

  private change (hanging: number): void {
    this.hanging += hanging
    if (this.hanging === this.options.concurrency) this.options.onHang?.()
  }
}
