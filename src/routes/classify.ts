import type { FastifyInstance } from 'fastify'
import { classify } from '../service/classification.js'
import { explain } from '../service/explanation.js'
import { admitted, type Admission } from './admitted.js'
import { readFlag, readTopK } from './query.js'
import { resultsReply, throwErrorOfOnly } from './results.js'
import { openBody } from './uploads.js'

interface Query {
  readonly topK?: string
  readonly explain?: string
  readonly listErrors?: string
}

/** POST /classify: images in, labels and probabilities out, and where the network saw them on request. */
export async function classifyRoutes (app: FastifyInstance, admission: Admission): Promise<void> {
  app.post<{ Querystring: Query }>('/classify', async (request, reply) => {
    return await admitted(request, reply, admission, (model, limits) => {
      const k = readTopK(request.query.topK, model.labels.length)
      const work = readFlag('explain', request.query.explain) ? explain : classify
      const listErrors = readFlag('listErrors', request.query.listErrors)
      return {
        body: openBody(request, reply, limits),
        answer: async (uploads, admittedWith) => {
          const answers = await work(model, uploads, k, admittedWith)
          if (!listErrors) throwErrorOfOnly(answers)
          return resultsReply(model, answers, request.log)
        }
      }
    })
  })
}
