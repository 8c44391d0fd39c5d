import { createRequire } from 'node:module'
import util from 'node:util'
import type * as TensorFlow from '@tensorflow/tfjs-node'
import { tensorFlowEnvironment } from '../../src/engine/backend.js'
import type { Activation, Layer, OperationOf, Padding } from '../../src/model/network.js'
import type { BenchModel } from '../network/model.js'
import { toChannelsLast } from './pixels.js'
import type { BenchEngine, EngineOptions } from './engine.js'

/** tfjs-node as its documentation shows it, a `tf.LayersModel`, on the TensorFlow that the service uses. */
export async function startStock (model: BenchModel, { threads }: EngineOptions): Promise<BenchEngine> {
  Object.assign(process.env, tensorFlowEnvironment({ backend: 'cpu', threads }))
  const tf = loadTensorFlow()
  const network = layersModel(tf, model)
  const { side: inputSize, rescaling } = model.network.input
  const { binding } = tf.backend() as unknown as { binding: { TF_Version: string } }
  return {
    version: `tfjs-node ${tf.version['tfjs-node']}, TensorFlow ${binding.TF_Version}`,
    prepare: (images) => {
      const pixels = tf.tensor4d(toChannelsLast(images, inputSize, rescaling), [images.length, inputSize, inputSize, 3])
      return async () => {
        const output = network.predict(pixels, { batchSize: images.length }) as TensorFlow.Tensor
        const probabilities = output.dataSync<'float32'>()
        tf.dispose([pixels, output])
        return probabilities
      }
    },
    close: async () => { network.dispose() }
  }
}

export function loadTensorFlow (): typeof TensorFlow {
  // Node 23 removed a function that tfjs-node 4.22 still calls.
  if (!('isNullOrUndefined' in util)) {
    Object.defineProperty(util, 'isNullOrUndefined', { value: (value: unknown) => value === null || value === undefined })
  }
  return createRequire(import.meta.url)('@tensorflow/tfjs-node') as typeof TensorFlow
}

/** The network as a Keras user would write it, layer by layer. */
export function layersModel (tf: typeof TensorFlow, { network, weights }: BenchModel): TensorFlow.LayersModel {
  const { input: { side, channels }, layers } = network
  const values = new Map<string, TensorFlow.SymbolicTensor>()
  const input = tf.input({ shape: [side, side, channels] })
  let output = input
  for (const layer of layers) {
    if (layer.operation.kind !== 'input') {
      const inputs = layer.inputs.map((name) => values.get(name) as TensorFlow.SymbolicTensor)
      output = keras(tf, layer).apply(inputs.length === 1 ? inputs[0] as TensorFlow.SymbolicTensor : inputs) as TensorFlow.SymbolicTensor
    }
    values.set(layer.name, output)
  }
  const model = tf.model({ inputs: input, outputs: output })
  for (const layer of layers.filter((one) => one.weights.length > 0)) {
    const tensors = layer.weights.map(({ name, shape }) => tf.tensor((weights.get(name) as { data: Float32Array }).data, [...shape]))
    model.getLayer(layer.name).setWeights(tensors)
  }
  return model
}

function keras (tf: typeof TensorFlow, { name, operation, outputShape }: Layer): TensorFlow.layers.Layer {
  const filters = outputShape.at(-1) ?? 0
  switch (operation.kind) {
    case 'convolution': {
      if (operation.groups > 1) throw new Error('tf.layers.conv2d has no groups')
      const { kernel, strides, dilation, bias } = operation
      const window = { kernelSize: kernel, strides, ...paddingOf(operation), dilationRate: dilation }
      return tf.layers.conv2d({ name, filters, ...window, useBias: bias })
    }
    case 'separableConvolution': {
      const { kernel, strides, bias } = operation
      return tf.layers.separableConv2d({ name, filters, kernelSize: kernel, strides, ...paddingOf(operation), useBias: bias })
    }
    case 'batchNormalization': {
      const { epsilon, scale, center } = operation
      return tf.layers.batchNormalization({ name, epsilon, scale, center })
    }
    case 'activation': return tf.layers.activation({ name, activation: activationName(operation.activation) })
    case 'maxPooling': return tf.layers.maxPooling2d({ name, ...poolingOf(operation) })
    case 'averagePooling': return tf.layers.averagePooling2d({ name, ...poolingOf(operation) })
    case 'zeroPadding': {
      const { top, bottom, left, right } = operation
      return tf.layers.zeroPadding2d({ name, padding: [[top, bottom], [left, right]] })
    }
    case 'concatenate': return tf.layers.concatenate({ name })
    case 'multiply': return tf.layers.multiply({ name })
    case 'depthwiseConvolution': {
      const { kernel, strides, dilation, bias } = operation
      const window = { kernelSize: kernel, strides, ...paddingOf(operation), dilationRate: dilation }
      return tf.layers.depthwiseConv2d({ name, ...window, useBias: bias })
    }
    case 'add': return tf.layers.add({ name })
    case 'globalAveragePooling': return tf.layers.globalAveragePooling2d({ name })
    case 'globalMaxPooling': return tf.layers.globalMaxPooling2d({ name })
    case 'flatten': return tf.layers.flatten({ name })
    case 'dense': return tf.layers.dense({ name, units: filters, useBias: operation.bias })
    default: throw new Error(`the stock engine is not built from ${operation.kind}`)
  }
}

function poolingOf (operation: OperationOf<'maxPooling' | 'averagePooling'>): {
  poolSize: [number, number], strides: [number, number], padding: 'same' | 'valid'
} {
  return { poolSize: operation.size, strides: operation.strides, ...paddingOf(operation) }
}

function paddingOf ({ padding }: { readonly padding: Padding }): { padding: 'same' | 'valid' } {
  if (typeof padding === 'object') throw new Error('tf.layers has no margins of windows')
  return { padding }
}

function activationName (activation: Activation): 'relu' | 'elu' | 'sigmoid' | 'softmax' {
  switch (activation.function) {
    case 'relu': case 'elu': case 'sigmoid': case 'softmax': return activation.function
    default: throw new Error(`the stock engine is not built with ${activation.function}`)
  }
}
