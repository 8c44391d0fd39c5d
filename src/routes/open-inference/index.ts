import type { FastifyInstance, FastifyReply } from 'fastify'
import type { ModelAddress } from '../../contract/models.js'
import type { Liveness, Readiness } from '../../contract/open-inference.js'
import type { IntakeOptions } from '../../intake/admitted.js'
import { noteError } from '../../telemetry/requests.js'
import { described } from '../described.js'
import { checkAddress } from '../../intake/named-model.js'
import { describedModel } from '../protocol-schemas.js'
import { answerInfer } from './infer.js'
import { modelMetadata, serverMetadata } from '../../intake/open-inference/metadata.js'
import { inferSchema, liveSchema, modelReadySchema, modelSchema, readySchema, serverSchema } from './schemas.js'

const PROBE = { config: { openTo: 'probes' } } as const

interface OfModel { Params: ModelAddress }

/** The Open Inference Protocol v2 over REST, with Triton's extensions for binary tensors and classification. */
export async function openInferenceRoutes (app: FastifyInstance, intake: IntakeOptions): Promise<void> {
  const { slot } = intake
  app.get('/v2', described(serverSchema), serverMetadata)
  app.get('/v2/health/live', { ...described(liveSchema), ...PROBE }, (): Liveness => ({ live: true }))
  app.get('/v2/health/ready', { ...described(readySchema), ...PROBE }, (_request, reply) => answerReady(reply, {}))

  for (const model of ['/v2/models/:name', '/v2/models/:name/versions/:version']) {
    app.get<OfModel>(model, describedModel(model, modelSchema), async ({ params }) => await slot.use(async (loaded) => {
      checkAddress(loaded, params)
      return modelMetadata(loaded)
    }))
    app.get<OfModel>(`${model}/ready`, { ...describedModel(model, modelReadySchema), ...PROBE }, async ({ params }, reply) => {
      await slot.use(async (loaded) => { checkAddress(loaded, params) })
      return answerReady(reply, { name: params.name })
    })
    app.post<OfModel>(`${model}/infer`, describedModel(model, inferSchema), async (request, reply) => (
      await answerInfer(request, reply, intake)
    ))
  }

  function answerReady (reply: FastifyReply, of: Pick<Readiness, 'name'>): FastifyReply {
    const reason = slot.notReadyReason
    if (reason !== undefined) noteError(reply.raw, 'not_ready')
    const readiness: Readiness = reason === undefined ? { ...of, ready: true } : { ...of, ready: false, reason }
    return reply.code(reason === undefined ? 200 : 503).send(readiness)
  }
}
