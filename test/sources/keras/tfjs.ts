import { mkdirSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { SymbolicTensor } from '@tensorflow/tfjs-layers'
import type { Architecture } from '../../../src/model/architecture.js'
import { layersOf, type Layer } from '../../../src/model/layers.js'
import type { Weights } from '../../../src/model/weights.js'

// The CommonJS builds: TensorFlow.js's ES modules cannot be imported by Node.
const require = createRequire(import.meta.url)
const tf = require('@tensorflow/tfjs-core') as typeof import('@tensorflow/tfjs-core')
const { input, layers: build, model: functional } = require('@tensorflow/tfjs-layers') as typeof import('@tensorflow/tfjs-layers')
require('@tensorflow/tfjs-backend-cpu')

/** Builds a network with TensorFlow.js's own layers and lets it save the model into `folder`. Returns the path of model.json. */
export async function saveTfjs (folder: string, architecture: Architecture, weights: Weights): Promise<string> {
  const tensors = new Map<string, SymbolicTensor>()
  for (const layer of layersOf(architecture)) tensors.set(layer.name, apply(layer, layer.inputs.map((name) => tensors.get(name) as SymbolicTensor)))
  const ends = [...tensors.values()]
  const model = functional({ inputs: ends[0] as SymbolicTensor, outputs: ends.at(-1) as SymbolicTensor })
  for (const layer of layersOf(architecture)) {
    const values = layer.weights.map(({ name, shape }) => tf.tensor(weights.get(name)?.data ?? new Float32Array(), [...shape]))
    if (values.length > 0) model.getLayer(layer.name).setWeights(values)
  }
  mkdirSync(folder, { recursive: true })
  await model.save(tf.io.withSaveHandler(async ({ modelTopology, weightSpecs, weightData }) => {
    writeFileSync(join(folder, 'weights.bin'), Buffer.concat([weightData ?? []].flat().map((part) => new Uint8Array(part))))
    const weightsManifest = [{ paths: ['weights.bin'], weights: weightSpecs }]
    writeFileSync(join(folder, 'model.json'), JSON.stringify({ format: 'layers-model', modelTopology, weightsManifest }))
    return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } }
  }))
  model.dispose()
  return join(folder, 'model.json')
}

function apply ({ name, operation, outputShape, weights }: Layer, inputs: SymbolicTensor[]): SymbolicTensor {
  const filters = outputShape.at(-1) ?? 0
  const made = (() => {
    switch (operation.kind) {
      case 'input': return undefined
      case 'convolution': return build.conv2d({ name, filters, kernelSize: operation.kernelSize, strides: operation.stride, padding: operation.padding, useBias: false, kernelInitializer: 'zeros' })
      case 'separableConvolution': return build.separableConv2d({ name, filters, kernelSize: operation.kernelSize, padding: 'same', useBias: false, depthwiseInitializer: 'zeros', pointwiseInitializer: 'zeros' })
      case 'batchNormalization': return build.batchNormalization({ name, epsilon: operation.epsilon })
      case 'activation': return build.activation({ name, activation: operation.activation })
      case 'maxPooling': return build.maxPooling2d({ name, poolSize: operation.size, strides: operation.stride, padding: 'same' })
      case 'add': return build.add({ name })
      case 'globalAveragePooling': return build.globalAveragePooling2d({ name })
      case 'globalMaxPooling': return build.globalMaxPooling2d({ name })
      case 'flatten': return build.flatten({ name })
      case 'dense': return build.dense({ name, units: filters, activation: operation.activation, useBias: weights.length > 1, kernelInitializer: 'zeros' })
    }
  })()
  return made === undefined ? input({ name, shape: [...outputShape] }) : made.apply(inputs.length === 1 ? inputs[0] as SymbolicTensor : inputs) as SymbolicTensor
}
