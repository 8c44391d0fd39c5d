import { Readable } from 'node:stream'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { wrongJsonLength } from '../../base/sentences.js'
import type { ModelAddress } from '../../contract/models.js'
import type { ByteClaim } from '../../intake/byte-budget.js'
import { inputLimits } from '../../service/input-tensors.js'
import type { LoadedModel } from '../../service/loaded-model.js'
import { checkOutputs, inferTensors, outputBytes } from '../../service/tensors.js'
import type { IntakeOptions, Exchange } from '../../intake/admitted.js'
import { admitted } from '../admitted-request.js'
import type { BodyReader, UploadLimits } from '../../intake/limits.js'
import { checkAddress } from '../../intake/named-model.js'
import { openTensorBody } from '../tensors/tensor-body.js'
import { InferReader, type ReadRequest } from './infer-reader.js'
import { RawRequestReader } from './raw-request.js'
import { encodeReply, type EncodedReply } from './reply.js'

/** Triton's binary tensor data extension: how many bytes of a body its JSON takes, 0 for a raw binary request. */
const JSON_LENGTH = 'inference-header-content-length'

type InferHttpRequest = FastifyRequest<{ Params: ModelAddress }>

interface Answer {
  readonly lengths: EncodedReply['lengths']
  readonly body: Readable
}

/** Sets the headers of the answer to an inference request to the model that its address names, and gives its body. */
export async function answerInfer (request: InferHttpRequest, reply: FastifyReply, intake: IntakeOptions): Promise<Readable> {
  const { lengths, body } = await admitted(request, reply, intake, (model, limits) => handle(model, limits, request, reply, intake))
  if (lengths === undefined) reply.type('application/json')
  else reply.type('application/octet-stream').headers({ [JSON_LENGTH]: lengths.json, 'content-length': lengths.all })
  // An async function that returns the reply itself waits for its end, with listeners of its own.
  return body
}

function handle (
  model: LoadedModel, limits: UploadLimits, request: InferHttpRequest, reply: FastifyReply, { budget }: IntakeOptions
): Exchange<Answer, ReadRequest> {
  checkAddress(model, request.params)
  const jsonBytes = readJsonLength(request.headers[JSON_LENGTH])
  return {
    body: openTensorBody(request, reply, limits, (claim) => readerFor(model, limits, jsonBytes, claim)),
    answer: async ({ request: { id, outputs }, uploads }, work) => {
      // Held until the client has its answer, or its time is up: a slow one keeps the outputs in memory.
      const claim = budget.claim(outputBytes(model, outputs, uploads.length), () => model.state.retryAfterSeconds)
      reply.raw.once('close', () => { claim.release() })
      const tensors = await inferTensors(model, uploads, outputs, work)
      const { lengths, pieces } = await encodeReply({ model: model.facts.description, id, tensors, requested: outputs })
      return { lengths, body: Readable.from(pieces, { signal: work.signal }) }
    }
  }
}

function readerFor (
  model: LoadedModel, { maxImageBytes, maxImagesPerRequest }: UploadLimits, jsonBytes: number, claim: ByteClaim
): BodyReader<ReadRequest> {
  if (jsonBytes === 0) return new RawRequestReader(maxImageBytes)
  const limits = { ...inputLimits(model, maxImagesPerRequest), maxImageBytes, claim }
  return new InferReader(limits, jsonBytes, ({ outputs }) => { checkOutputs(model, outputs) })
}

function readJsonLength (header: string | string[] | undefined): number {
  if (header === undefined) return Infinity
  if (typeof header === 'string' && /^\d{1,15}$/.test(header)) return Number(header)
  throw wrongJsonLength()
}
