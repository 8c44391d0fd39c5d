import type { InferOutput, InferReply } from '../../contract/open-inference.js'
import type { OutputTensor } from '../../service/tensors.js'
import { binaryBytes, binaryOf } from '../../intake/open-inference/binary-outputs.js'
import { numbersJson } from '../tensors/numbers-json.js'
import type { RequestedOutput } from './request.js'

/** What answers an inference request. */
export interface InferAnswer {
  readonly model: { readonly name: string, readonly version: string }
  readonly id: string | undefined
  readonly tensors: readonly OutputTensor[]
  /** As asked for, in the order of the tensors. */
  readonly requested: readonly RequestedOutput[]
}

/** A body that is made piece by piece as the client takes it. */
export interface EncodedReply {
  /** Bytes of the JSON, where binary data follows it, and of all. */
  readonly lengths: { readonly json: number, readonly all: number } | undefined
  readonly pieces: AsyncGenerator<string | Uint8Array>
}

/** The reply as JSON, with behind it the outputs that are asked for as binary data. */
export async function encodeReply (reply: InferAnswer): Promise<EncodedReply> {
  const binary = reply.tensors.filter((_, index) => isBinary(reply, index))
  if (binary.length === 0) return { lengths: undefined, pieces: jsonOf(reply) }
  // Made twice rather than kept: its length goes ahead of it.
  let json = 0
  for await (const piece of jsonOf(reply)) json += Buffer.byteLength(piece)
  const all = binary.reduce((sum, tensor) => sum + binaryBytes(tensor), json)
  return { lengths: { json, all }, pieces: withBinary(reply, binary) }
}

function isBinary ({ requested }: InferAnswer, index: number): boolean {
  return requested[index]?.isBinary ?? false
}

async function * withBinary (reply: InferAnswer, binary: readonly OutputTensor[]): AsyncGenerator<string | Uint8Array> {
  yield * jsonOf(reply)
  for (const tensor of binary) yield * binaryOf(tensor)
}

async function * jsonOf (reply: InferAnswer): AsyncGenerator<string> {
  const { model, id, tensors } = reply
  const head: Omit<InferReply, 'outputs'> = { model_name: model.name, model_version: model.version, ...id === undefined ? {} : { id } }
  yield `${JSON.stringify(head).slice(0, -1)},"outputs":[`
  for (const [index, tensor] of tensors.entries()) {
    if (index > 0) yield ','
    const { name, datatype, shape } = tensor
    const output: InferOutput = { name, datatype, shape }
    if (isBinary(reply, index)) {
      yield JSON.stringify({ ...output, parameters: { binary_data_size: binaryBytes(tensor) } } satisfies InferOutput)
    } else {
      yield `${JSON.stringify(output).slice(0, -1)},"data":[`
      yield * dataOf(tensor)
      yield ']}'
    }
  }
  yield ']}'
}

async function * dataOf (tensor: OutputTensor): AsyncGenerator<string> {
  if (tensor.datatype === 'BYTES') return yield tensor.texts.map((text) => JSON.stringify(text)).join()
  for (const [index, row] of tensor.rows.entries()) {
    if (index > 0) yield ','
    yield * numbersJson(row)
  }
}
