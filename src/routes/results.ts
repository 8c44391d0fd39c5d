import type { FastifyBaseLogger } from 'fastify'
import { ServiceError } from '../base/errors.js'
import type { ClassifyReply, FailedImage } from '../contract/images.js'
import { toProblem } from '../contract/problems.js'
import type { Answers } from '../service/classification.js'
import type { LoadedModel } from '../service/loaded-model.js'

/** The reply to a request of images, in upload order. */
type ResultsReply<Result> = Omit<ClassifyReply, 'results'> & { readonly results: ReadonlyArray<Result | FailedImage> }

/** Throws the ServiceError of a request's only image, if it failed: the request then fails as that image did. */
export function throwErrorOfOnly ({ results: [only, ...others] }: Answers<object>): void {
  if (only !== undefined && others.length === 0 && isFailure(only)) throw only.error
}

/** Each image has its result or its own error. */
export function resultsReply<T extends object> (
  model: LoadedModel, { results, timings }: Answers<T>, log: FastifyBaseLogger
): ResultsReply<T> {
  logFailures(results, log)
  return {
    model: model.facts.description,
    results: results.map((result) => isFailure(result) ? { error: toProblem(result.error) } : result),
    timings
  }
}

function isFailure (result: object): result is { readonly error: ServiceError } {
  return 'error' in result && result.error instanceof ServiceError
}

/** The reply is a 200, so nothing else would tell the operator what the service failed at. */
function logFailures (results: readonly object[], log: FastifyBaseLogger): void {
  results.forEach((result, index) => {
    if (!isFailure(result) || result.error.status < 500) return
    log.error({ err: result.error, code: result.error.code, image: index }, 'an image failed')
  })
}
