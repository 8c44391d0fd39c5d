import { mkdirSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { SymbolicTensor } from '@tensorflow/tfjs-layers'
import type { Activation, Layer, Network, Padding } from '../../../src/model/network.js'
import type { Weights } from '../../../src/model/weights.js'

// The CommonJS builds: TensorFlow.js's ES modules cannot be imported by Node.
const require = createRequire(import.meta.url)
const tf = require('@tensorflow/tfjs-core') as typeof import('@tensorflow/tfjs-core')
const { input, layers: build, model: functional } = require('@tensorflow/tfjs-layers') as typeof import('@tensorflow/tfjs-layers')
require('@tensorflow/tfjs-backend-cpu')

/**
 * Builds a network with TensorFlow.js's own layers and lets it save the model into `folder`.
 * Returns the path of model.json, and what TensorFlow.js itself gives for `images`, of numbers that are already scaled.
 */
export async function saveTfjs (
  folder: string, network: Network, weights: Weights, images?: Float32Array
): Promise<{ path: string, outputs: Float32Array }> {
  const tensors = new Map<string, SymbolicTensor>()
  for (const layer of network.layers) tensors.set(layer.name, apply(layer, layer.inputs.map((name) => tensors.get(name) as SymbolicTensor)))
  const ends = [...tensors.values()]
  const model = functional({ inputs: ends[0] as SymbolicTensor, outputs: ends.at(-1) as SymbolicTensor })
  for (const layer of network.layers) {
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
  const outputs = images === undefined ? new Float32Array() : predict(model, images, network)
  model.dispose()
  return { path: join(folder, 'model.json'), outputs }
}

function predict (model: ReturnType<typeof functional>, images: Float32Array, { input: { side, channels } }: Network): Float32Array {
  return tf.tidy(() => {
    const batch = tf.tensor4d(images, [images.length / (side * side * channels), side, side, channels])
    return (model.predict(batch) as ReturnType<typeof tf.tensor>).dataSync<'float32'>()
  })
}

function apply (layer: Layer, inputs: SymbolicTensor[]): SymbolicTensor {
  if (layer.operation.kind === 'input') return input({ name: layer.name, shape: [...layer.outputShape] })
  return made(layer).apply(inputs.length === 1 ? inputs[0] as SymbolicTensor : inputs) as SymbolicTensor
}

function made ({ name, operation }: Layer) {
  switch (operation.kind) {
    case 'convolution': return build.conv2d({ name, filters: operation.filters, kernelInitializer: 'zeros', ...window(operation) })
    case 'depthwiseConvolution': return build.depthwiseConv2d({ name, depthwiseInitializer: 'zeros', ...window(operation) })
    case 'separableConvolution':
      return build.separableConv2d({
        name, filters: operation.filters, depthwiseInitializer: 'zeros', pointwiseInitializer: 'zeros', ...window(operation)
      })
    case 'batchNormalization': {
      const { epsilon, scale, center } = operation
      return build.batchNormalization({ name, epsilon, scale, center })
    }
    case 'activation': return activation(name, operation.activation)
    case 'maxPooling': return build.maxPooling2d({ name, ...pool(operation) })
    case 'averagePooling': return build.averagePooling2d({ name, ...pool(operation) })
    case 'zeroPadding': return build.zeroPadding2d({
      name, padding: [[operation.top, operation.bottom], [operation.left, operation.right]]
    })
    case 'add': return build.add({ name })
    case 'multiply': return build.multiply({ name })
    case 'concatenate': return build.concatenate({ name })
    case 'reshape': return build.reshape({ name, targetShape: operation.shape })
    case 'globalAveragePooling': return build.globalAveragePooling2d({ name })
    case 'globalMaxPooling': return build.globalMaxPooling2d({ name })
    case 'flatten': return build.flatten({ name })
    case 'dense': return build.dense({ name, units: operation.units, useBias: operation.bias, kernelInitializer: 'zeros' })
    default: throw new Error(`TensorFlow.js has no layer for ${operation.kind}`)
  }
}

function window (operation: Extract<Layer['operation'], { dilation: unknown }>) {
  const { kernel, strides, dilation, bias } = operation
  return { kernelSize: kernel, strides, dilationRate: dilation, padding: named(operation), useBias: bias }
}

function pool (operation: Extract<Layer['operation'], { size: unknown }>) {
  return { poolSize: operation.size, strides: operation.strides, padding: named(operation) }
}

function named ({ padding }: { readonly padding: Padding }): 'same' | 'valid' {
  if (typeof padding === 'object') throw new Error('TensorFlow.js has no margins of windows')
  return padding
}

function activation (name: string, stated: Activation) {
  switch (stated.function) {
    case 'relu': return build.reLU({ name, ...stated.maximum === undefined ? {} : { maxValue: stated.maximum } })
    case 'leakyRelu': return build.leakyReLU({ name, alpha: stated.slope })
    case 'elu': return build.elu({ name, alpha: stated.alpha })
    case 'hardSigmoid': return build.activation({ name, activation: 'hardSigmoid' })
    case 'softmax': case 'sigmoid': case 'tanh': return build.activation({ name, activation: stated.function })
    case 'silu': return build.activation({ name, activation: 'swish' })
    default: throw new Error(`TensorFlow.js has no ${stated.function}`)
  }
}
