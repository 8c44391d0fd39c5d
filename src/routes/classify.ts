import type { FastifyBaseLogger, FastifyInstance } from 'fastify'
import { ServiceError, toProblem } from '../base/errors.js'
import { classify, type Classification, type ImageResult } from '../service/classification.js'
import type { LoadedModel } from '../service/loaded-model.js'
import { admitted, type Admission } from './admitted.js'
import { openBody } from './uploads.js'

/** POST /classify: images in, labels and probabilities out. */
export async function classifyRoutes (app: FastifyInstance, admission: Admission): Promise<void> {
  app.post<{ Querystring: { topK?: string } }>('/classify', async (request, reply) => {
    return await admitted(request, reply, admission, (model, limits) => {
      const k = readTopK(request.query.topK, model.labels.length)
      return {
        body: openBody(request, reply, limits),
        answer: async (uploads, work) => answer(model, await classify(model, uploads, k, work), request.log)
      }
    })
  })
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
