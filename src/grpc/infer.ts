import { requestTooLarge } from '../base/sentences.js'
import { bytesOfAll, type Upload } from '../service/inference.js'
import { checkInput, inputLimits, type CheckedInput } from '../service/input-tensors.js'
import type { LoadedModel } from '../service/loaded-model.js'
import { checkOutputs, inferTensors, outputBytes, type OutputTensor } from '../service/tensors.js'
import { answerAdmitted, fitting, type IntakeOptions, type Exchange } from '../intake/admitted.js'
import { checkAddress } from '../intake/named-model.js'
import { binaryReader } from '../intake/open-inference/binary-tensors.js'
import { binaryOf } from '../intake/open-inference/binary-outputs.js'
import type { TensorLimits } from '../intake/tensors/tensor-data.js'
import type { Call } from './call.js'
import { floatContents, readContents, textContents } from './contents.js'
import { inferOrder, type InferMessage, type InferOrder } from './infer-request.js'
import type { Method } from './messages.js'

/** What is left of a request once its values are read. */
interface ReadCall extends Pick<InferOrder, 'id' | 'outputs'> {
  readonly isRaw: boolean
  readonly uploads: Upload[]
}

/** Answers ModelInfer, admitted before its message is read. */
export async function modelInfer (call: Call, method: Method, intake: IntakeOptions): Promise<object> {
  const { slot } = intake
  return await slot.use(async (model) => await answerAdmitted(model, intake, call, handle(model, call, method, intake)))
}

function handle (model: LoadedModel, call: Call, method: Method, { limits, budget }: IntakeOptions): Exchange<object, ReadCall> {
  const { maxRequestBytes, maxImageBytes, maxImagesPerRequest } = fitting(limits, budget)
  let found = 0
  return {
    body: {
      announcedBytes: undefined,
      get found () { return found },
      read: async (claim) => {
        const read = await call.receive().then((message) => {
          if (message.length > maxRequestBytes) throw requestTooLarge(maxRequestBytes)
          claim.receive(message.length)
          return readMessage(model, method, message, { ...inputLimits(model, maxImagesPerRequest), maxImageBytes, claim })
        })
        found = read.uploads.length
        claim.keep(bytesOfAll(read.uploads))
        return read
      }
    },
    answer: async ({ id, outputs, isRaw, uploads }, work) => {
      // Held until the client has its answer, or its time is up: a slow one keeps the outputs in memory.
      const claim = budget.claim(outputBytes(model, outputs, uploads.length), () => model.state.retryAfterSeconds)
      call.onceOver(() => { claim.release() })
      const { name, version } = model.facts.description
      const tensors = await inferTensors(model, uploads, outputs, work)
      return { modelName: name, modelVersion: version, id, ...isRaw ? rawOutputs(tensors) : typedOutputs(tensors) }
    }
  }
}

/** Not async: a suspended function would keep the message. */
function readMessage (model: LoadedModel, method: Method, message: Buffer, limits: TensorLimits): Promise<ReadCall> {
  const decoded = method.decode(message) as InferMessage
  checkAddress(model, addressOf(decoded.modelName, decoded.modelVersion))
  const { id, outputs, input, data: { isRaw, bytes } } = inferOrder(decoded)
  checkOutputs(model, outputs)
  const checked = checkInput(input, limits)
  const reading = isRaw ? readRaw(bytes, checked, limits) : readContents(bytes, checked, limits)
  return reading.then((uploads) => ({ id, outputs, isRaw, uploads }))
}

function readRaw (bytes: Uint8Array, input: CheckedInput, limits: TensorLimits): Promise<Upload[]> {
  const reader = binaryReader(input, bytes.length, limits)
  reader.push(bytes as Buffer)
  return Promise.resolve(reader.end())
}

/** A version that is left empty is any. */
export function addressOf (name: string, version: string): Parameters<typeof checkAddress>[1] {
  return version === '' ? { name } : { name, version }
}

function rawOutputs (tensors: readonly OutputTensor[]): object {
  return {
    outputs: tensors.map(({ name, datatype, shape }) => ({ name, datatype, shape })),
    rawOutputContents: tensors.map((tensor) => Buffer.concat([...binaryOf(tensor)]))
  }
}

function typedOutputs (tensors: readonly OutputTensor[]): object {
  return {
    outputs: tensors.map((tensor) => {
      const { name, datatype, shape } = tensor
      const contents = datatype === 'BYTES' ? textContents(tensor.texts) : floatContents(Buffer.concat([...binaryOf(tensor)]))
      return { name, datatype, shape, contents }
    })
  }
}
