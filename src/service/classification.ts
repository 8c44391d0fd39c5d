import { performance } from 'node:perf_hooks'
import { ServiceError } from '../base/errors.js'
import type { Classified } from '../engine/batcher.js'
import type { Place } from '../engine/places.js'
import { topK, type Prediction } from '../model/labels.js'
import { inSpan, recordSpan } from '../telemetry/tracing.js'
import type { LoadedModel } from './loaded-model.js'

/** The answer for one image: predictions, or the reason why there are none. */
export type ImageResult = { readonly predictions: readonly Prediction[] } | { readonly error: ServiceError }

/** An upload, or the error that reading it already met. */
export type Upload = Uint8Array | ServiceError

export interface Classification {
  readonly results: readonly ImageResult[]
  readonly timings: Timings
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
}

interface Work {
  readonly model: LoadedModel
  readonly k: number
  readonly signal: AbortSignal
  readonly admitted: Admitted
}

interface Decoded {
  readonly pixels: Uint8Array<ArrayBuffer>
  readonly place: Place
  readonly decodeMs: number
}

type Answer = { readonly predictions: readonly Prediction[], readonly decodeMs: number } & Classified

const NOT_ADMITTED: Admitted = { client: '' }

/**
 * Classifies the images of one request: decoding, batching, the network and labels. Each image has its own result, in
 * order. Takes the uploads out of the array, so that each can be let go once it is decoded. Throws the signal's reason if it
 * is aborted.
 */
export async function classify (
  model: LoadedModel, uploads: Upload[], k: number, signal: AbortSignal, admitted = NOT_ADMITTED
): Promise<Classification> {
  signal.throwIfAborted()
  const { metrics } = model
  const images = uploads.length
  metrics.imagesInFlight.inc(images)
  try {
    const settled = await Promise.allSettled(startAll(uploads, { model, k, signal, admitted }))
    for (const one of settled) metrics.images.inc({ outcome: one.status === 'fulfilled' ? 'ok' : asServiceError(one.reason).code })
    signal.throwIfAborted()
    return {
      results: settled.map((one) => (
        one.status === 'fulfilled' ? { predictions: one.value.predictions } : { error: asServiceError(one.reason) }
      )),
      timings: timingsOf(settled.flatMap((one) => one.status === 'fulfilled' ? [one.value] : []))
    }
  } finally {
    metrics.imagesInFlight.dec(images)
  }
}

/** Not async: a suspended function would keep the uploads. */
function startAll (uploads: Upload[], work: Work): Array<Promise<Answer>> {
  return uploads.splice(0).map((upload, index) => finish(decode(upload, index === 0 ? work.admitted.place : undefined, work), work))
}

function timingsOf (answers: readonly Answer[]): Timings {
  const most = (key: keyof Timings): number => Number(Math.max(0, ...answers.map((answer) => answer[key])).toFixed(2))
  return { decodeMs: most('decodeMs'), queueMs: most('queueMs'), inferenceMs: most('inferenceMs'), batchSize: most('batchSize') }
}

async function decode (upload: Upload, first: Place | undefined, { model, signal, admitted: { client, onLetGo } }: Work): Promise<Decoded> {
  let place = first
  try {
    if (upload instanceof ServiceError) throw upload
    place ??= await model.place(client, signal)
    const startedAt = performance.now()
    const pixels = await inSpan('decode', () => model.decoder.decode(upload, signal, client))
    return { pixels, place, decodeMs: performance.now() - startedAt }
  } catch (error) {
    place?.release()
    throw error
  } finally {
    if (!(upload instanceof ServiceError)) onLetGo?.(upload.length)
  }
}

async function finish (decoding: Promise<Decoded>, { model, k, signal }: Work): Promise<Answer> {
  const { pixels, place, decodeMs } = await decoding
  const { labels, metrics } = model
  metrics.decodeDuration.observe(decodeMs / 1000)
  const submittedAt = performance.now()
  const classified = await model.submit(pixels, place, signal)
  const takenAt = submittedAt + classified.queueMs
  recordSpan('queue', submittedAt, takenAt)
  recordSpan('inference', takenAt, performance.now(), { 'xception.batch_size': classified.batchSize })
  const predictions = topK(classified.probabilities, labels, k)
  if (predictions[0] !== undefined) metrics.predictions.inc({ label: predictions[0].label })
  return { ...classified, predictions, decodeMs }
}

function asServiceError (error: unknown): ServiceError {
  return error instanceof ServiceError ? error : new ServiceError('internal_error', 'The image could not be classified.', { cause: error })
}
