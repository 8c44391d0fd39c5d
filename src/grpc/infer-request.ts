import { invalidTensor } from '../base/sentences.js'
import { oneInput, type DescribedInput } from '../service/input-tensors.js'
import { PROBABILITIES, type OutputRequest } from '../service/tensors.js'

/** Without what is meant for other servers. */
interface Parameter {
  readonly int64Param?: number
}

/** A ModelInferRequest as it is decoded. */
export interface InferMessage {
  readonly modelName: string
  readonly modelVersion: string
  readonly id: string
  readonly inputs: ReadonlyArray<DescribedInput & { readonly contents: Uint8Array }>
  readonly outputs: ReadonlyArray<{ readonly name: string, readonly parameters: Readonly<Record<string, Parameter>> }>
  readonly rawInputContents: readonly Uint8Array[]
}

/** What is asked for. */
export interface InferOrder {
  readonly id: string
  readonly outputs: readonly OutputRequest[]
  readonly input: DescribedInput
  /** The values of the input, as they lie in memory or as serialized InferTensorContents; the reply is like them. */
  readonly data: { readonly isRaw: boolean, readonly bytes: Uint8Array }
}

/** Makes sense of a request. Throws a ServiceError `invalid_tensor` unless it has one input, with values in one place. */
export function inferOrder ({ id, inputs, outputs, rawInputContents }: InferMessage): InferOrder {
  const [input, ...others] = inputs
  if (input === undefined || others.length > 0) throw oneInput()
  if (input.shape.some((size) => size < 0)) throw invalidTensor(`The shape of "${input.name}" has a size below 0.`)
  const [raw, ...more] = rawInputContents
  if (more.length > 0 || (raw !== undefined && input.contents.length > 0)) {
    throw invalidTensor(`"${input.name}" has its values in its contents, or else once in raw_input_contents.`)
  }
  return {
    id,
    input,
    data: { isRaw: raw !== undefined, bytes: raw ?? input.contents },
    outputs: outputs.length === 0
      ? [{ name: PROBABILITIES }]
      : outputs.map(({ name, parameters: { classification } }) => ({
        name, classification: classification === undefined ? undefined : classification.int64Param ?? 0
      }))
  }
}
