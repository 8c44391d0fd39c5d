import { performance } from 'node:perf_hooks'
import { ServiceError } from '../base/errors.js'
import { notClassified } from '../base/sentences.js'
import type { Timings } from '../contract/images.js'
import type { Batcher, Classified } from '../engine/batcher.js'
import type { Place } from '../engine/places.js'
import type { EngineImage } from '../engine/protocol.js'
import type { Wanted } from '../engine/wanted.js'
import type { Crop, Decoder } from '../preprocess/index.js'
import type { Metrics } from '../telemetry/metrics.js'
import { inSpan, recordSpan } from '../telemetry/tracing.js'
import type { Workload } from './workload.js'

/** An image as the network's input has it: nothing is left to decode. */
export interface Prepared {
  /** Side x side x channels: bytes, 0 to 255, or float32 as the network reads them after rescaling. */
  readonly pixels: EngineImage
}

/** An image file, or the error that reading it already met. */
export type ImageFile = Uint8Array | ServiceError

/** An image of a request, whatever form it came in. */
export type Upload = ImageFile | Prepared

/** What the network gave for one image, and what that took. */
export type Inferred = Classified & {
  /** Milliseconds; 0 where nothing was to be decoded. */
  readonly decodeMs: number
}

/** What a request was admitted with. */
export interface Ticket {
  /** Whom the work is for; clients take turns. */
  readonly client: string
  /** The place of the first image; the others wait for theirs, and so does the first if there is none. */
  readonly place?: Place
  /** Told when an upload is let go: it is decoded, or it failed. */
  readonly onLetGo?: (bytes: number) => void
  /** Told how many images are taken over: whoever takes them counts what becomes of each. */
  readonly onTaken?: (images: number) => void
}

/** What is to be done with the images of a request. */
export interface Work {
  readonly signal: AbortSignal
  readonly ticket?: Ticket
  /** What is computed beside the probabilities; the model has to have it. */
  readonly wanted?: Wanted
  /** The part that is taken for the whole of each image file. */
  readonly crop?: Crop | undefined
}

interface Decoded {
  readonly pixels: EngineImage
  readonly place: Place
  readonly decodeMs: number
}

/** The parts of a model through which images go. */
export interface InferenceParts {
  readonly decoder: Decoder
  readonly batcher: Batcher
  readonly workload: Workload
  readonly metrics: Metrics
}

const NO_TICKET: Ticket = { client: '' }

/** The way of a model's images from the upload to what the network gives: a place in the queue, decoding, a batch. */
export class Inference {
  constructor (private readonly parts: InferenceParts) {}

  /**
   * Has the network look at the images of one request. Each image has its own answer, in order. Takes the uploads out of the array,
   * so that each can be let go once it is decoded, and counts each that it takes once. Throws the signal's reason if it is aborted.
   */
  async infer (uploads: Upload[], work: Work): Promise<ReadonlyArray<Inferred | ServiceError>> {
    const { workload, metrics } = this.parts
    const { signal, ticket: { client, onTaken } = NO_TICKET } = work
    const images = uploads.length
    metrics.imagesInFlight.inc(images)
    onTaken?.(images)
    workload.arrived(client, images)
    try {
      const settled = await Promise.allSettled(this.startAll(uploads, work))
      const answers = settled.map((one) => one.status === 'fulfilled' ? one.value : asServiceError(one.reason))
      for (const answer of answers) metrics.images.inc({ outcome: answer instanceof ServiceError ? answer.code : 'ok' })
      signal.throwIfAborted()
      return answers
    } finally {
      metrics.imagesInFlight.dec(images)
    }
  }

  /** Not async: a suspended function would keep the uploads. */
  private startAll (uploads: Upload[], work: Work): Array<Promise<Inferred>> {
    const { client, place: first } = work.ticket ?? NO_TICKET
    return uploads.splice(0).map((upload, index) => {
      const place = index === 0 ? first : undefined
      return this.counted(client, this.finish(this.prepare(upload, place, work), work))
    })
  }

  /** What was given up says nothing of how fast the service works. */
  private async counted<T> (client: string, answering: Promise<T>): Promise<T> {
    let isAnswered = false
    try {
      const answer = await answering
      isAnswered = true
      return answer
    } finally {
      this.parts.workload.left(client, isAnswered)
    }
  }

  private async prepare (upload: Upload, first: Place | undefined, { signal, ticket, crop }: Work): Promise<Decoded> {
    const { decoder, batcher, metrics } = this.parts
    const { client, onLetGo } = ticket ?? NO_TICKET
    let place = first
    try {
      if (upload instanceof ServiceError) throw upload
      place ??= await batcher.places.wait(client, signal)
      if ('pixels' in upload) return { pixels: upload.pixels, place, decodeMs: 0 }
      const startedAt = performance.now()
      const pixels = await inSpan('decode', () => decoder.decode(upload, signal, client, crop))
      const decodeMs = performance.now() - startedAt
      batcher.rouse()
      metrics.decodeDuration.observe(decodeMs / 1000)
      return { pixels, place, decodeMs }
    } catch (error) {
      place?.release()
      throw error
    } finally {
      onLetGo?.(bytesOf(upload))
    }
  }

  private async finish (decoding: Promise<Decoded>, { signal, wanted }: Work): Promise<Inferred> {
    const { pixels, place, decodeMs } = await decoding
    const submittedAt = performance.now()
    const answer = await this.parts.batcher.submit(pixels, place, signal, wanted)
    const takenAt = submittedAt + answer.queueMs
    recordSpan('queue', submittedAt, takenAt)
    recordSpan('inference', takenAt, performance.now(), { 'xception.batch_size': answer.batchSize })
    return { ...answer, decodeMs }
  }
}

/** What the images of one request took: the slowest of each stage, and the largest batch. */
export function timingsOf (answers: ReadonlyArray<Inferred | ServiceError>): Timings {
  const inferred = answers.filter((answer): answer is Inferred => !(answer instanceof ServiceError))
  const most = (key: keyof Timings): number => Number(Math.max(0, ...inferred.map((answer) => answer[key])).toFixed(2))
  return { decodeMs: most('decodeMs'), queueMs: most('queueMs'), inferenceMs: most('inferenceMs'), batchSize: most('batchSize') }
}

/** What an upload holds in memory. */
function bytesOf (upload: Upload): number {
  if (upload instanceof ServiceError) return 0
  return 'pixels' in upload ? upload.pixels.byteLength : upload.length
}

export function bytesOfAll (uploads: readonly Upload[]): number {
  return uploads.reduce((sum, upload) => sum + bytesOf(upload), 0)
}

function asServiceError (error: unknown): ServiceError {
  return error instanceof ServiceError ? error : notClassified(error)
}
