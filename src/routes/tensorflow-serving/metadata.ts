import type { ModelStatus, SignatureMetadata } from '../../contract/tensorflow-serving.js'
import type { LoadedModel } from '../../service/loaded-model.js'
import { inputSpecs, outputSpecs, PROBABILITIES, type ModelTensor } from '../../service/tensors.js'
import { SIGNATURES } from './signatures.js'

/** As TensorFlow names the types. */
const DTYPES = { BYTES: 'DT_STRING', UINT8: 'DT_UINT8', FP32: 'DT_FLOAT' } as const

export function modelStatus ({ facts: { description } }: LoadedModel): ModelStatus {
  return { model_version_status: [{ version: description.version, state: 'AVAILABLE', status: { error_code: 'OK', error_message: '' } }] }
}

export function modelMetadata (model: LoadedModel): SignatureMetadata {
  const { name, version } = model.facts.description
  const outputs = tensorInfos(outputSpecs(model).filter((output) => output.name === PROBABILITIES))
  const signatures = Object.entries(SIGNATURES).map(([signature, pixels]) => {
    const inputs = inputSpecs(model).map((input) => input.name === 'pixels' ? { ...input, datatype: pixels } : input)
    return [signature, { inputs: tensorInfos(inputs), outputs, method_name: 'tensorflow/serving/predict' }]
  })
  return {
    model_spec: { name, signature_name: '', version },
    metadata: { signature_def: { signature_def: Object.fromEntries(signatures) } }
  }
}

function tensorInfos (specs: readonly ModelTensor[]): object {
  return Object.fromEntries(specs.map(({ name, datatype, shape }) => [name, {
    dtype: DTYPES[datatype],
    tensor_shape: { dim: shape.map((size) => ({ size: String(size), name: '' })), unknown_rank: false },
    name
  }]))
}
