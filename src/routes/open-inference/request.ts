import { Type, type Static } from '../../base/typebox.js'
import { invalidTensor, malformedBody } from '../../base/sentences.js'
import { SchemaError, parse } from '../../base/schema.js'
import { oneInput, type DescribedInput } from '../../service/input-tensors.js'
import { PROBABILITIES, type OutputRequest } from '../../service/tensors.js'
import { TensorData } from '../../intake/tensors/tensor-data.js'

const Size = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })
const Input = Type.Object({
  name: Type.String(),
  datatype: Type.String(),
  shape: Type.Array(Size, { maxItems: 8 }),
  parameters: Type.Optional(Type.Object({ binary_data_size: Type.Optional(Size) })),
  data: Type.Optional(Type.Unknown())
})
const Output = Type.Object({
  name: Type.String(),
  parameters: Type.Optional(Type.Object({
    classification: Type.Optional(Size),
    binary_data: Type.Optional(Type.Boolean())
  }))
})
const Request = Type.Object({
  id: Type.Optional(Type.String()),
  parameters: Type.Optional(Type.Object({ binary_data_output: Type.Optional(Type.Boolean()) })),
  inputs: Type.Array(Input),
  outputs: Type.Optional(Type.Array(Output))
})

export interface RequestedOutput extends OutputRequest {
  /** Sent behind the JSON rather than in it. */
  readonly isBinary: boolean
}

/** An inference request, its one tensor read or still to come. */
export interface InferRequest {
  readonly id: string | undefined
  readonly input: DescribedInput
  /** What the JSON holds of the input, or how many bytes of it follow. */
  readonly data: TensorData | { readonly binaryBytes: number }
  readonly outputs: readonly RequestedOutput[]
}

/**
 * Makes sense of the outline of a request. Throws a ServiceError `malformed_body` where it has another form, or `invalid_tensor`
 * unless it has one input, with data.
 */
export function inferRequest (outline: unknown): InferRequest {
  const { id, parameters, inputs, outputs } = checked(outline)
  const [input, ...others] = inputs
  if (input === undefined || others.length > 0) throw oneInput()
  const isBinary = parameters?.binary_data_output ?? false
  return {
    id,
    input,
    data: dataOf(input),
    outputs: outputs === undefined || outputs.length === 0
      ? [{ name: PROBABILITIES, isBinary }]
      : outputs.map(({ name, parameters: own }) => ({
        name, classification: own?.classification, isBinary: own?.binary_data ?? isBinary
      }))
  }
}

function dataOf ({ name, data, parameters }: Static<typeof Input>): InferRequest['data'] {
  const binaryBytes = parameters?.binary_data_size
  if (data instanceof TensorData && binaryBytes === undefined) return data
  if (data === undefined && binaryBytes !== undefined) return { binaryBytes }
  throw invalidTensor(`"${name}" has its numbers or texts in "data", or else as binary data with "binary_data_size".`)
}

function checked (outline: unknown): Static<typeof Request> {
  try {
    return parse(Request, outline, 'The request')
  } catch (error) {
    if (!(error instanceof SchemaError)) throw error
    throw malformedBody(error.message, error)
  }
}
