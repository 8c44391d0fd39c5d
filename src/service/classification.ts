import { performance } from 'node:perf_hooks'
import { ServiceError } from '../base/errors.js'
import type { Classified, Reservation } from '../engine/batcher.js'
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

type Answer = { readonly predictions: readonly Prediction[], readonly decodeMs: number } & Classified

/**
 * Classifies the images of one request: decoding, batching, the network and labels. Each image has its own result, in
 * order. Throws a ServiceError if the request is not admitted (`queue_full`, `not_ready`) or the signal's reason if it is
 * aborted.
 */
export async function classify (model: LoadedModel, uploads: readonly Upload[], k: number, signal: AbortSignal): Promise<Classification> {
  signal.throwIfAborted()
  const { metrics } = model
  const reservation = model.reserve(uploads.length, signal)
  metrics.imagesInFlight.inc(uploads.length)
  try {
    const settled = await Promise.allSettled(uploads.map((upload) => classifyOne(model, upload, reservation, k, signal)))
    for (const one of settled) metrics.images.inc({ outcome: one.status === 'fulfilled' ? 'ok' : asServiceError(one.reason).code })
    signal.throwIfAborted()
    return {
      results: settled.map((one) => one.status === 'fulfilled' ? { predictions: one.value.predictions } : { error: asServiceError(one.reason) }),
      timings: timingsOf(settled.flatMap((one) => one.status === 'fulfilled' ? [one.value] : []))
    }
  } finally {
    metrics.imagesInFlight.dec(uploads.length)
  }
}

function timingsOf (answers: readonly Answer[]): Timings {
  const most = (key: keyof Timings): number => Number(Math.max(0, ...answers.map((answer) => answer[key])).toFixed(2))
  return { decodeMs: most('decodeMs'), queueMs: most('queueMs'), inferenceMs: most('inferenceMs'), batchSize: most('batchSize') }
}

async function classifyOne (model: LoadedModel, upload: Upload, reservation: Reservation, k: number, signal: AbortSignal): Promise<Answer> {
  const { decoder, labels, metrics } = model
  const startedAt = performance.now()
  let pixels
  try {
    if (upload instanceof ServiceError) throw upload
    pixels = await inSpan('decode', () => decoder.decode(upload, signal))
  } catch (error) {
    reservation.release()
    throw error
  }
  const decodeMs = performance.now() - startedAt
  metrics.decodeDuration.observe(decodeMs / 1000)
  const submittedAt = performance.now()
  const classified = await reservation.submit(pixels)
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
