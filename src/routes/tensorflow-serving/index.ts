import type { FastifyInstance } from 'fastify'
import type { ModelAddress } from '../../contract/models.js'
import type { LoadedModel } from '../../service/loaded-model.js'
import type { IntakeOptions } from '../../intake/admitted.js'
import { checkAddress } from '../../intake/named-model.js'
import { describedModel } from '../protocol-schemas.js'
import { modelMetadata, modelStatus } from './metadata.js'
import { predict } from './predict.js'
import { metadataSchema, predictSchema, statusSchema } from './schemas.js'

interface OfModel { Params: ModelAddress }

/** Without the colon, which ends a name where a verb follows. */
const NAME = ':name([^:/]+)'
const VERSION = ':version([^:/]+)'

/** TensorFlow Serving's REST API: a model's status and metadata, and predict. */
export async function tensorflowServingRoutes (app: FastifyInstance, intake: IntakeOptions): Promise<void> {
  const ofModel = async <T>(address: ModelAddress, answer: (model: LoadedModel) => T): Promise<T> => {
    return await intake.slot.use(async (model) => {
      checkAddress(model, address)
      return answer(model)
    })
  }
  for (const model of [`/v1/models/${NAME}`, `/v1/models/${NAME}/versions/${VERSION}`]) {
    app.get<OfModel>(model, describedModel(model, statusSchema), async ({ params }) => await ofModel(params, modelStatus))
    app.get<OfModel>(`${model}/metadata`, describedModel(model, metadataSchema), async ({ params }) => await ofModel(params, modelMetadata))
    // The router takes two colons for one that is no parameter's.
    app.post<OfModel>(`${model}::predict`, describedModel(model, predictSchema), async (request, reply) => (
      await predict(request, reply, intake)
    ))
  }
}
