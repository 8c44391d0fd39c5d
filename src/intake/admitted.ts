import { ServiceError, type ErrorCode } from '../base/errors.js'
import type { Upload, Work } from '../service/inference.js'
import type { LoadedModel } from '../service/loaded-model.js'
import type { Slot } from '../service/slot.js'
import type { Metrics } from '../telemetry/metrics.js'
import type { ByteBudget, ByteClaim } from './byte-budget.js'
import type { Deadline } from './deadline.js'
import type { UploadLimits } from './limits.js'

export interface RequestLimits extends UploadLimits {
  /** Time from a request's arrival to its answer, at most. */
  readonly requestTimeoutMs: number
}

/** What every route that takes images stands on. */
export interface IntakeOptions {
  readonly slot: Slot
  readonly limits: RequestLimits
  /** Shared by whatever takes uploads. */
  readonly budget: ByteBudget
  readonly metrics: Metrics
}

/** A body that was looked at and not read yet. */
export interface Body<T = Upload[]> {
  /** Undefined where the client does not say. */
  readonly announcedBytes: number | undefined
  /**
   * What it holds, images in upload order. Throws a ServiceError for the request as a whole, or the signal's reason if it is
   * aborted first. In the end the claim holds what the images take.
   */
  read (claim: ByteClaim, signal: AbortSignal): Promise<T>
  /** Images that were read so far, also of a body that cannot be read to its end. */
  readonly found: number
}

/** What one protocol makes of a request that it has judged by its address and headers. */
export interface Exchange<Answer, Read = Upload[]> {
  readonly body: Body<Read>
  /** Answers it; the work's signal is aborted when its time is up or its client has gone. */
  answer (read: Read, work: Required<Pick<Work, 'signal' | 'ticket'>>): Promise<Answer>
}

/** One request, whatever its protocol: whom it is for and how long it has. */
export interface Claimant {
  readonly client: string
  readonly deadline: Deadline
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
  model: LoadedModel, { budget, metrics }: Pick<IntakeOptions, 'budget' | 'metrics'>, { client, deadline: { timeoutMs, signal } }: Claimant,
  { body, answer }: Exchange<Answer, Read>
): Promise<Answer> {
  const place = model.admit(client, timeoutMs)
  let claim: ByteClaim | undefined
  let taken = 0
  try {
    claim = budget.claim(body.announcedBytes, () => model.state.retryAfterSeconds)
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
