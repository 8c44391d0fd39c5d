import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { onePicture } from '../base/sentences.js'
import type { ClassifyQuery, ClassifyReply } from '../contract/images.js'
import { classify } from '../service/classification.js'
import { checkExplainable, drawExplanation } from '../service/explained-picture.js'
import { whyNotExplainable } from '../service/explanation.js'
import type { LoadedModel } from '../service/loaded-model.js'
import type { IntakeOptions, Exchange } from '../intake/admitted.js'
import type { Work } from '../service/inference.js'
import { admitted } from './admitted-request.js'
import { described } from './described.js'
import { readCrop, readFlag, readTopK } from './query.js'
import { PICTURE_TYPE, replyForm } from './reply-form.js'
import { resultsReply, throwErrorOfOnly } from './results.js'
import { CLASSIFY } from './schemas/images.js'
import { openBody } from './uploads.js'
import { addVary } from './vary.js'

type Answer<Reply> = Exchange<Reply>['answer']

/** POST /classify: images in, labels and probabilities out, and where the network saw them on request. */
export async function classifyRoutes (app: FastifyInstance, intake: IntakeOptions): Promise<void> {
  app.post<{ Querystring: ClassifyQuery }>('/classify', described(CLASSIFY), async (request, reply) => {
    return await admitted<ClassifyReply | FastifyReply>(request, reply, intake, (model, limits) => {
      const k = readTopK(request.query.topK, model.facts.labels.length)
      const crop = readCrop(request.query.crop, request.query.cropScale)
      const isExplained = readFlag('explain', request.query.explain)
      const listErrors = readFlag('listErrors', request.query.listErrors)
      const asJson: Answer<ClassifyReply> = async (uploads, work) => {
        const answers = await classify(model, uploads, { k, isExplained }, { ...work, crop })
        if (!listErrors) throwErrorOfOnly(answers)
        return resultsReply(model, answers, request.log)
      }
      return { body: openBody(request, reply, limits), answer: isExplained ? asPreferred(model, request, reply, { asJson, crop }) : asJson }
    })
  })
}

/** As JSON, or of one image as a picture for who prefers that. Throws a ServiceError if there cannot be one and nothing else is taken. */
function asPreferred (
  model: LoadedModel, request: FastifyRequest, reply: FastifyReply,
  { asJson, crop }: { readonly asJson: Answer<ClassifyReply>, readonly crop: Work['crop'] }
): Answer<ClassifyReply | FastifyReply> {
  addVary(reply, 'accept')
  const { prefersPicture, takesJson } = replyForm(request)
  if (!takesJson) checkExplainable(model)
  const draws = prefersPicture && whyNotExplainable(model.facts) === undefined
  return async (uploads, work) => {
    if (draws && uploads.length === 1) return reply.type(PICTURE_TYPE).send(await drawExplanation(model, uploads, { ...work, crop }))
    if (!takesJson) throw onePicture(PICTURE_TYPE)
    return await asJson(uploads, work)
  }
}
