import { SERVICE_VERSION } from '../../base/version.js'
import type { LoadedModel } from '../../service/loaded-model.js'
import { inputSpecs, outputSpecs, type TensorSpec } from '../../service/tensors.js'

export interface ServerMetadata {
  readonly name: string
  readonly version: string
  readonly extensions: readonly string[]
}

export interface ModelMetadata {
  readonly name: string
  readonly versions: readonly string[]
  readonly platform: string
  readonly inputs: readonly TensorSpec[]
  readonly outputs: readonly TensorSpec[]
}

export function serverMetadata (): ServerMetadata {
  return { name: 'xception-serve', version: SERVICE_VERSION, extensions: ['binary_tensor_data', 'classification'] }
}

export function modelMetadata (model: LoadedModel): ModelMetadata {
  const { name, version } = model.facts.description
  return { name, versions: [version], platform: 'tensorflow_savedmodel', inputs: inputSpecs(model), outputs: outputSpecs(model) }
}
