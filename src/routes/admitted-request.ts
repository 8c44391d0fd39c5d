import type { FastifyReply, FastifyRequest } from 'fastify'
import { clientClosed, wrongTimeout } from '../base/sentences.js'
import { answerAdmitted, fitting, type IntakeOptions, type Exchange } from '../intake/admitted.js'
import { Deadline } from '../intake/deadline.js'
import type { UploadLimits } from '../intake/limits.js'
import type { Upload } from '../service/inference.js'
import type { LoadedModel } from '../service/loaded-model.js'

/**
 * One HTTP request with images, from its headers to its answer: it is judged, then goes the way of `answerAdmitted`, all with the
 * model that serves when it comes. `judge` throws a ServiceError for what is not to be admitted at all; so does `admitted` for
 * whatever else fails.
 */
export async function admitted<Answer, Read = Upload[]> (
  request: FastifyRequest,
  reply: FastifyReply,
  intake: IntakeOptions,
  judge: (model: LoadedModel, limits: UploadLimits) => Exchange<Answer, Read>
): Promise<Answer> {
  const { slot, limits, budget } = intake
  // The model stays the same from before the upload is read: what it admitted it answers.
  return await slot.use(async (model) => {
    const timeoutMs = readTimeout(request.headers['x-request-timeout-ms'], limits.requestTimeoutMs)
    const exchange = judge(model, fitting(limits, budget))
    const claimant = { client: request.client, deadline: deadlineOf(reply, timeoutMs) }
    return await answerAdmitted(model, intake, claimant, exchange)
  })
}

/** What the client can wait, and no more than the service would. */
function readTimeout (header: string | string[] | undefined, mostMs: number): number {
  if (header === undefined) return mostMs
  if (typeof header !== 'string' || !/^[1-9]\d{0,8}$/.test(header)) {
    throw wrongTimeout()
  }
  return Math.min(Number(header), mostMs)
}

function deadlineOf (reply: FastifyReply, timeoutMs: number): Deadline {
  const deadline = new Deadline(timeoutMs)
  reply.raw.once('close', () => {
    deadline.end(reply.raw.writableFinished ? undefined : clientClosed())
  })
  return deadline
}
