import { Readable } from 'node:stream'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { ModelAddress } from '../../contract/models.js'
import type { PredictReply } from '../../contract/tensorflow-serving.js'
import { inferTensors, PROBABILITIES, type OutputTensor } from '../../service/tensors.js'
import { inputLimits } from '../../service/input-tensors.js'
import type { IntakeOptions } from '../../intake/admitted.js'
import { admitted } from '../admitted-request.js'
import { checkAddress } from '../../intake/named-model.js'
import { numbersJson } from '../tensors/numbers-json.js'
import { openTensorBody } from '../tensors/tensor-body.js'
import { PredictReader, type ReadPredict } from './predict-reader.js'
import type { PredictFormat } from './request.js'

/** What a reply calls its only output. */
const REPLY_MEMBER = { row: 'predictions', columnar: 'outputs' } as const satisfies Record<PredictFormat, keyof PredictReply>

/** Gives the body of the answer to a predict request to the model that its address names: probabilities, a list for each image. */
export async function predict (
  request: FastifyRequest<{ Params: ModelAddress }>, reply: FastifyReply, intake: IntakeOptions
): Promise<Readable> {
  const body = await admitted<Readable, ReadPredict>(request, reply, intake, (model, limits) => {
    checkAddress(model, request.params)
    return {
      body: openTensorBody(request, reply, limits, (claim) => new PredictReader(
        { ...inputLimits(model, limits.maxImagesPerRequest), maxImageBytes: limits.maxImageBytes, claim }
      )),
      answer: async ({ format, uploads }, work) => {
        const [probabilities] = await inferTensors(model, uploads, [{ name: PROBABILITIES }], work)
        return Readable.from(replyJson(REPLY_MEMBER[format], probabilities), { signal: work.signal })
      }
    }
  })
  reply.type('application/json')
  // An async function that returns the reply itself waits for its end, with listeners of its own.
  return body
}

async function * replyJson (member: keyof PredictReply, tensor: OutputTensor | undefined): AsyncGenerator<string> {
  yield `{"${member}":[`
  const rows = tensor?.datatype === 'FP32' ? tensor.rows : []
  for (const [index, row] of rows.entries()) {
    yield index === 0 ? '[' : '],['
    yield * numbersJson(row)
  }
  yield ']]}'
}
