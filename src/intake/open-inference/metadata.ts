import { SERVICE_VERSION } from '../../base/version.js'
import type { ModelMetadata, ServerMetadata } from '../../contract/open-inference.js'
import type { LoadedModel } from '../../service/loaded-model.js'
import { inputSpecs, outputSpecs } from '../../service/tensors.js'

export function serverMetadata (): ServerMetadata {
  return { name: 'xception-serve', version: SERVICE_VERSION, extensions: ['binary_tensor_data', 'classification'] }
}

export function modelMetadata (model: LoadedModel): ModelMetadata {
  const { name, version } = model.facts.description
  return { name, versions: [version], platform: 'tensorflow_savedmodel', inputs: inputSpecs(model), outputs: outputSpecs(model) }
}
