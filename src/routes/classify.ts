import { setMaxListeners } from 'node:events'
import type { FastifyBaseLogger, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import multipart from '@fastify/multipart'
import { ServiceError, toProblem } from '../base/errors.js'
import { classify, type ImageResult } from '../service/classification.js'
import type { LoadedModel } from '../service/loaded-model.js'
import type { Slot } from '../service/slot.js'
import { readUploads, type UploadLimits } from './uploads.js'

/** Bodies that the route reads itself, within its deadline. */
const BODY_TYPES = /^(?:image\/[\w.+-]+|application\/octet-stream|application\/json)$/i

export interface ClassifyLimits extends UploadLimits {
  /** Time from a request's arrival to its answer. */
  readonly requestTimeoutMs: number
}

/** POST /classify: images in, labels and probabilities out. */
export async function classifyRoutes (app: FastifyInstance, { slot, limits }: { slot: Slot, limits: ClassifyLimits }): Promise<void> {
  await app.register(multipart)
  app.addContentTypeParser(BODY_TYPES, (_request, payload, done) => { done(null, payload) })

  app.post<{ Querystring: { topK?: string } }>('/classify', { bodyLimit: limits.maxRequestBytes }, async (request, reply) => {
    // The model stays the same from before the upload is read: what it admitted it answers.
    return await slot.use(async (model) => await answer(model, request, deadline(reply, limits.requestTimeoutMs), limits))
  })
}

type ClassifyRequest = FastifyRequest<{ Querystring: { topK?: string } }>

async function answer (model: LoadedModel, request: ClassifyRequest, signal: AbortSignal, limits: UploadLimits): Promise<object> {
  const k = readTopK(request.query.topK, model.labels.length)
  const { results, timings } = await classify(model, await readUploads(request, limits, signal), k, signal)
  const [only] = results
  if (results.length === 1 && only !== undefined && 'error' in only) throw only.error
  logFailures(results, request.log)
  return {
    model: model.description,
    results: results.map((result) => 'error' in result ? { error: toProblem(result.error) } : result),
    timings
  }
}

/** The reply is a 200, so nothing else would tell the operator what the service failed at. */
function logFailures (results: readonly ImageResult[], log: FastifyBaseLogger): void {
  results.forEach((result, index) => {
    if ('error' in result && result.error.status >= 500) log.error({ err: result.error, code: result.error.code, image: index }, 'an image failed')
  })
}

function readTopK (text: string | undefined, classes: number): number {
  if (text === undefined) return Math.min(5, classes)
  const k = Number(text)
  if (!/^\d+$/.test(text) || k < 1 || k > classes) throw new ServiceError('invalid_query', `topK is a whole number from 1 to ${classes}.`)
  return k
}

/** Aborted when the request's time is up or its client has gone. */
function deadline (reply: FastifyReply, timeoutMs: number): AbortSignal {
  const controller = new AbortController()
  // Each image of the request listens, and 32 of them are no leak.
  setMaxListeners(0, controller.signal)
  const timer = setTimeout(() => {
    controller.abort(new ServiceError('deadline_exceeded', `The request was not answered within ${timeoutMs} ms.`))
  }, timeoutMs)
  reply.raw.once('close', () => {
    clearTimeout(timer)
    if (!reply.raw.writableFinished) controller.abort(new ServiceError('client_closed_request', 'The client closed the connection.'))
  })
  return controller.signal
}
