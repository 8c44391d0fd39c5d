import type { FastifyReply, FastifyRequest } from 'fastify'
import { ServiceError, type ErrorCode } from '../base/errors.js'
import type { ByteBudget, ByteClaim } from '../service/admission.js'
import { Deadline } from './deadline.js'
import type { Upload, Work } from '../service/inference.js'
import type { LoadedModel } from '../service/loaded-model.js'
import type { Slot } from '../service/slot.js'
import type { Metrics } from '../telemetry/metrics.js'
import type { UploadLimits } from './limits.js'
import type { Body } from './uploads.js'

export interface RequestLimits extends UploadLimits {
  /** Time from a request's arrival to its answer, at most. */
  readonly requestTimeoutMs: number
}

/** What every route that takes images stands on. */
export interface Admission {
  readonly slot: Slot
  readonly limits: RequestLimits
  /** Shared by whatever takes uploads. */
  readonly budget: ByteBudget
  readonly metrics: Metrics
}

/** What one protocol makes of a request that it has judged by its address and headers. */
export interface Handling<Answer, Read = Upload[]> {
  readonly body: Body<Read>
  /** Answers it; the work's signal is aborted when its time is up or its client has gone. */
  answer (read: Read, work: Required<Pick<Work, 'signal' | 'ticket'>>): Promise<Answer>
}

/** One request, whatever its protocol: whom it is for and how long it has. */
export interface Claimant {
  readonly client: string
  readonly deadline: Deadline
}

/**
 * One HTTP request with images, from its headers to its answer: it is judged, then goes the way of `answerAdmitted`, all with the
 * model that serves when it comes. `judge` throws a ServiceError for what is not to be admitted at all; so does `admitted` for
 * whatever else fails.
 */
export async function admitted<Answer, Read = Upload[]> (
  request: FastifyRequest,
  reply: FastifyReply,
  admission: Admission,
  judge: (model: LoadedModel, limits: UploadLimits) => Handling<Answer, Read>
): Promise<Answer> {
  const { slot, limits, budget } = admission
  // The model stays the same from before the upload is read: what it admitted it answers.
  return await slot.use(async (model) => {
    const timeoutMs = readTimeout(request.headers['x-request-timeout-ms'], limits.requestTimeoutMs)
    const handling = judge(model, fitting(limits, budget))
    const claimant = { client: request.client, deadline: deadlineOf(reply, timeoutMs) }
    return await answerAdmitted(model, admission, claimant, handling)
  })
}

/** What a request may bring: a body that could never fit is refused for good, not until later. */
export function fitting (limits: UploadLimits, budget: ByteBudget): UploadLimits {
  return { ...limits, maxRequestBytes: Math.min(limits.maxRequestBytes, budget.size) }
}

/**
 * Takes a request's place in the queue and its bytes out of the budget, then reads it, then answers it, within its deadline.
 * Throws a ServiceError.
 */
export async function answerAdmitted<Answer, Read> (
  model: LoadedModel, { budget, metrics }: Pick<Admission, 'budget' | 'metrics'>, { client, deadline: { timeoutMs, signal } }: Claimant,
  { body, answer }: Handling<Answer, Read>
): Promise<Answer> {
  const place = model.admit(client, timeoutMs)
  let claim: ByteClaim | undefined
  let taken = 0
  try {
    claim = budget.claim(body.announcedBytes, () => model.retryAfterSeconds)
    const read = await body.read(claim, signal)
    const onLetGo = (bytes: number): void => { claim?.giveBack(bytes) }
    const onTaken = (images: number): void => { taken += images }
    return await answer(read, { signal, ticket: { client, place, onLetGo, onTaken } })
  } catch (error) {
    // Those that nobody has taken over end as their request does.
    const leftOver = body.found - taken
    if (leftOver > 0) metrics.images.inc({ outcome: codeOf(error) }, leftOver)
    throw error
  } finally {
    place.release()
    claim?.release()
  }
}

function codeOf (error: unknown): ErrorCode {
  return error instanceof ServiceError ? error.code : 'internal_error'
}

/** What the client can wait, and no more than the service would. */
function readTimeout (header: string | string[] | undefined, mostMs: number): number {
  if (header === undefined) return mostMs
  if (typeof header !== 'string' || !/^[1-9]\d{0,8}$/.test(header)) {
    throw new ServiceError('invalid_header', 'x-request-timeout-ms is a whole number of milliseconds from 1.')
  }
  return Math.min(Number(header), mostMs)
}

function deadlineOf (reply: FastifyReply, timeoutMs: number): Deadline {
  const deadline = new Deadline(timeoutMs)
  reply.raw.once('close', () => {
    deadline.end(reply.raw.writableFinished ? undefined : new ServiceError('client_closed_request', 'The client closed the connection.'))
  })
  return deadline
}
