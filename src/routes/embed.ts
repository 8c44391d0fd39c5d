import type { FastifyInstance } from 'fastify'
import type { EmbedQuery, EmbedReply } from '../contract/images.js'
import { checkEmbeddable, embed, toNumbers, unitLength } from '../service/embedding.js'
import type { IntakeOptions } from '../intake/admitted.js'
import { admitted } from './admitted-request.js'
import { described } from './described.js'
import { readFlag } from './query.js'
import { resultsReply, throwErrorOfOnly } from './results.js'
import { EMBED } from './schemas/images.js'
import { openBody } from './uploads.js'

/** POST /embed: images in, pooled features out. */
export async function embedRoutes (app: FastifyInstance, intake: IntakeOptions): Promise<void> {
  app.post<{ Querystring: EmbedQuery }>('/embed', described(EMBED), async (request, reply) => {
    return await admitted<EmbedReply>(request, reply, intake, (model, limits) => {
      checkEmbeddable(model.facts)
      const finish = readFlag('normalize', request.query.normalize) ? unitLength : (embedding: Float32Array) => embedding
      return {
        body: openBody(request, reply, limits),
        answer: async (uploads, work) => {
          const answers = await embed(model, uploads, work)
          throwErrorOfOnly(answers)
          const { results, timings } = answers
          const written = results.map((one) => 'error' in one ? one : { embedding: toNumbers(finish(one.embedding)) })
          return resultsReply(model, { results: written, timings }, request.log)
        }
      }
    })
  })
}
