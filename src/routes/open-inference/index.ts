import type { FastifyInstance, FastifyReply } from 'fastify'
import type { Admission } from '../admitted.js'
import { checkAddress, type ModelAddress } from '../named-model.js'
import { infer } from './infer.js'
import { modelMetadata, serverMetadata } from './metadata.js'

interface OfModel { Params: ModelAddress }

/** The Open Inference Protocol v2 over REST, with Triton's extensions for binary tensors and classification. */
export async function openInferenceRoutes (app: FastifyInstance, admission: Admission): Promise<void> {
  const { slot } = admission
  app.get('/v2', serverMetadata)
  app.get('/v2/health/live', { config: { openTo: 'probes' } }, () => ({ live: true }))
  app.get('/v2/health/ready', { config: { openTo: 'probes' } }, (_request, reply) => answerReady(reply, {}))

  for (const model of ['/v2/models/:name', '/v2/models/:name/versions/:version']) {
    app.get<OfModel>(model, async ({ params }) => await slot.use(async (loaded) => {
      checkAddress(loaded, params)
      return modelMetadata(loaded)
    }))
    app.get<OfModel>(`${model}/ready`, { config: { openTo: 'probes' } }, async ({ params }, reply) => {
      await slot.use(async (loaded) => { checkAddress(loaded, params) })
      return answerReady(reply, { name: params.name })
    })
    app.post<OfModel>(`${model}/infer`, async (request, reply) => await infer(request, reply, admission))
  }

  function answerReady (reply: FastifyReply, of: { readonly name?: string }): FastifyReply {
    const reason = slot.notReadyReason
    return reply.code(reason === undefined ? 200 : 503).send({ ...of, ready: reason === undefined, reason })
  }
}
