import { setMaxListeners } from 'node:events'
import type { FastifyBaseLogger, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { ServiceError, toProblem } from '../base/errors.js'
import type { ByteBudget, ByteClaim } from '../service/admission.js'
import { classify, type Classification, type ImageResult } from '../service/classification.js'
import type { LoadedModel } from '../service/loaded-model.js'
import type { Slot } from '../service/slot.js'
import type { UploadLimits } from './limits.js'
import { openBody } from './uploads.js'

export interface ClassifyLimits extends UploadLimits {
  /** Time from a request's arrival to its answer, at most. */
  readonly requestTimeoutMs: number
}

export interface ClassifyOptions {
  readonly slot: Slot
  readonly limits: ClassifyLimits
  /** Shared by whatever takes uploads. */
  readonly budget: ByteBudget
}

type ClassifyRequest = FastifyRequest<{ Querystring: { topK?: string } }>

/** POST /classify: images in, labels and probabilities out. */
export async function classifyRoutes (app: FastifyInstance, { slot, limits, budget }: ClassifyOptions): Promise<void> {
  // A body that could never fit is refused for good, not until later.
  const fitting = { ...limits, maxRequestBytes: Math.min(limits.maxRequestBytes, budget.size) }
  // The route judges and reads bodies itself, within its deadline.
  app.addContentTypeParser('*', (_request, payload, done) => { done(null, payload) })

  app.post<{ Querystring: { topK?: string } }>('/classify', async (request, reply) => {
    // The model stays the same from before the upload is read: what it admitted it answers.
    return await slot.use(async (model) => await serve(model, request, reply, { limits: fitting, budget }))
  })
}

type Bounds = Pick<ClassifyOptions, 'limits' | 'budget'>

async function serve (model: LoadedModel, request: ClassifyRequest, reply: FastifyReply, { limits, budget }: Bounds): Promise<object> {
  const k = readTopK(request.query.topK, model.labels.length)
  const timeoutMs = readTimeout(request.headers['x-request-timeout-ms'], limits.requestTimeoutMs)
  const body = openBody(request, reply, limits)
  const client = request.keyName === undefined ? request.ip : `key ${request.keyName}`
  const place = model.admit(client)
  let claim: ByteClaim | undefined
  try {
    claim = budget.claim(body.announcedBytes)
    const signal = deadline(reply, timeoutMs)
    const uploads = await body.read(claim, signal)
    const onLetGo = (bytes: number): void => { claim?.giveBack(bytes) }
    return answer(model, await classify(model, uploads, k, signal, { client, place, onLetGo }), request.log)
  } finally {
    place.release()
    claim?.release()
  }
}

function answer (model: LoadedModel, { results, timings }: Classification, log: FastifyBaseLogger): object {
  const [only] = results
  if (results.length === 1 && only !== undefined && 'error' in only) throw only.error
  logFailures(results, log)
  return {
    model: model.description,
    results: results.map((result) => 'error' in result ? { error: toProblem(result.error) } : result),
    timings
  }
}

/** The reply is a 200, so nothing else would tell the operator what the service failed at. */
function logFailures (results: readonly ImageResult[], log: FastifyBaseLogger): void {
  results.forEach((result, index) => {
    if (!('error' in result) || result.error.status < 500) return
    log.error({ err: result.error, code: result.error.code, image: index }, 'an image failed')
  })
}

function readTopK (text: string | undefined, classes: number): number {
  if (text === undefined) return Math.min(5, classes)
  const k = Number(text)
  if (!/^\d+$/.test(text) || k < 1 || k > classes) throw new ServiceError('invalid_query', `topK is a whole number from 1 to ${classes}.`)
  return k
}

/** What the client can wait, and no more than the service would. */
function readTimeout (header: string | string[] | undefined, mostMs: number): number {
  if (header === undefined) return mostMs
  if (typeof header !== 'string' || !/^[1-9]\d{0,8}$/.test(header)) {
    throw new ServiceError('invalid_header', 'x-request-timeout-ms is a whole number of milliseconds from 1.')
  }
  return Math.min(Number(header), mostMs)
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
