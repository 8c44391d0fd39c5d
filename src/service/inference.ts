import { performance } from 'node:perf_hooks'
import { ServiceError } from '../base/errors.js'
import type { Classified } from '../engine/batcher.js'
import type { Place } from '../engine/places.js'
import type { EngineImage } from '../engine/protocol.js'
import type { Wanted } from '../engine/wanted.js'
import { inSpan, recordSpan } from '../telemetry/tracing.js'
import type { LoadedModel } from './loaded-model.js'

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

/** Milliseconds. Of a request with many images: the slowest of each stage, and the largest batch. */
export interface Timings {
  readonly decodeMs: number
  readonly queueMs: number
  readonly inferenceMs: number
  readonly batchSize: number
}

/** What a request was admitted with. */
export interface Admitted {
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
  readonly admitted?: Admitted
  /** What is computed beside the probabilities; the model has to have it. */
  readonly wanted?: Wanted
}

interface Decoded {
  readonly pixels: EngineImage
  readonly place: Place
  readonly decodeMs: number
}

const NOT_ADMITTED: Admitted = { client: '' }

/**
 * Has the network look at the images of one request: decoding, batching, inference. Each image has its own answer, in order.
 * Takes the uploads out of the array, so that each can be let go once it is decoded, and counts each that it takes once. Throws
 * the signal's reason if it is aborted.
 */
export async function infer (model: LoadedModel, uploads: Upload[], work: Work): Promise<ReadonlyArray<Inferred | ServiceError>> {
  const { metrics } = model
  const images = uploads.length
  metrics.imagesInFlight.inc(images)
  work.admitted?.onTaken?.(images)
  model.workload.arrived(clientOf(work), images)
  try {
    const settled = await Promise.allSettled(startAll(model, uploads, work))
    const answers = settled.map((one) => one.status === 'fulfilled' ? one.value : asServiceError(one.reason))
    for (const answer of answers) metrics.images.inc({ outcome: answer instanceof ServiceError ? answer.code : 'ok' })
    work.signal.throwIfAborted()
    return answers
  } finally {
    metrics.imagesInFlight.dec(images)
  }
}

/** What the images of one request took. */
export function timingsOf (answers: ReadonlyArray<Inferred | ServiceError>): Timings {
  const inferred = answers.filter((answer): answer is Inferred => !(answer instanceof ServiceError))
  const most = (key: keyof Timings): number => Number(Math.max(0, ...inferred.map((answer) => answer[key])).toFixed(2))
  return { decodeMs: most('decodeMs'), queueMs: most('queueMs'), inferenceMs: most('inferenceMs'), batchSize: most('batchSize') }
}

/** Not async: a suspended function would keep the uploads. */
function startAll (model: LoadedModel, uploads: Upload[], work: Work): Array<Promise<Inferred>> {
  return uploads.splice(0).map((upload, index) => {
    const place = index === 0 ? work.admitted?.place : undefined
    return counted(model, clientOf(work), finish(model, prepare(model, upload, place, work), work))
  })
}

function clientOf ({ admitted: { client } = NOT_ADMITTED }: Work): string {
  return client
}

/** What was given up says nothing of how fast the service works. */
async function counted<T> ({ workload }: LoadedModel, client: string, answering: Promise<T>): Promise<T> {
  let isAnswered = false
  try {
    const answer = await answering
    isAnswered = true
    return answer
  } finally {
    workload.left(client, isAnswered)
  }
}

async function prepare (model: LoadedModel, upload: Upload, first: Place | undefined, work: Work): Promise<Decoded> {
  const { signal, admitted: { client, onLetGo } = NOT_ADMITTED } = work
  let place = first
  try {
    if (upload instanceof ServiceError) throw upload
    place ??= await model.place(client, signal)
    if ('pixels' in upload) return { pixels: upload.pixels, place, decodeMs: 0 }
    const startedAt = performance.now()
    const pixels = await inSpan('decode', () => model.decoder.decode(upload, signal, client))
    const decodeMs = performance.now() - startedAt
    model.metrics.decodeDuration.observe(decodeMs / 1000)
    return { pixels, place, decodeMs }
  } catch (error) {
    place?.release()
    throw error
  } finally {
    onLetGo?.(bytesOf(upload))
  }
}

/** What an upload holds in memory. */
function bytesOf (upload: Upload): number {
  if (upload instanceof ServiceError) return 0
  return 'pixels' in upload ? upload.pixels.byteLength : upload.length
}

export function bytesOfAll (uploads: readonly Upload[]): number {
  return uploads.reduce((sum, upload) => sum + bytesOf(upload), 0)
}

async function finish (model: LoadedModel, decoding: Promise<Decoded>, { signal, wanted }: Work): Promise<Inferred> {
  const { pixels, place, decodeMs } = await decoding
  const submittedAt = performance.now()
  const answer = await model.submit(pixels, place, signal, wanted)
  const takenAt = submittedAt + answer.queueMs
  recordSpan('queue', submittedAt, takenAt)
  recordSpan('inference', takenAt, performance.now(), { 'xception.batch_size': answer.batchSize })
  return { ...answer, decodeMs }
}

function asServiceError (error: unknown): ServiceError {
  return error instanceof ServiceError ? error : new ServiceError('internal_error', 'The image could not be classified.', { cause: error })
}
