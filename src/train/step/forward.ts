import { describeLayer, type Layer, type Network } from '../../model/network.js'
import { channelsOf } from '../../model/shapes.js'
import { activation } from './activations.js'
import { convolution, dense, depthwiseConvolution, separableConvolution } from './convolutions.js'
import { channelSlice, concatenation, reshaped, sum, zeroPadding } from './joins.js'
import { servingNormalization, trainingNormalization } from './normalization.js'
import type { Differentiable, Pass, Value } from './pass.js'
import { globalPooling, pooling } from './pooling.js'
import { refuse } from './refusal.js'

/** What a pass through the network gave. */
export interface Forward {
  /** Float32 [batch, classes]: what the last layer, a softmax, reads. */
  readonly logits: Value
  /** Takes the gradient by the logits. */
  readonly backward: (gradient: string) => void
  /** All layers between the input and the softmax, and what they gave. */
  readonly layers: ReadonlyArray<Differentiable & { readonly layer: Layer }>
}

/** The layers with statistics of the batch; the steps that make the moving ones follow are appended to `updates`. */
export function trainingForward (network: Network, input: Value, pass: Pass, updates: string[]): Forward {
  return forward(network, input, pass, (layer, operation, value) => trainingNormalization(layer, operation, value, pass, updates))
}

/** The layers as they serve; there is no way back through their normalizations. */
export function servingForward (network: Network, input: Value, pass: Pass): Value {
  return forward(network, input, pass, (layer, operation, value) => ({
    value: servingNormalization(layer, operation, value, pass), backward: () => refuse(layer, 'moving statistics')
  })).logits
}

type Normalize = (layer: Layer, operation: Layer['operation'] & { kind: 'batchNormalization' }, value: Value) => Differentiable

function forward (network: Network, input: Value, pass: Pass, normalize: Normalize): Forward {
  const [inputLayer, ...others] = network.layers
  const softmax = others.pop()
  if (inputLayer === undefined || softmax === undefined) throw new Error('a network needs layers')
  const { operation } = softmax
  if (operation.kind !== 'activation' || operation.activation.function !== 'softmax') refuse(softmax, 'ends other than softmax')
  const given = new Map([[inputLayer.name, input]])
  const layers = others.map((layer) => {
    const inputs = layer.inputs.map((name) => given.get(name) as Value)
    const differentiable = differentiated(layer, inputs, pass, normalize)
    given.set(layer.name, differentiable.value)
    return { ...differentiable, layer }
  })
  const last = pass.ofType(given.get(softmax.inputs[0] ?? '') as Value, 'float32')
  const logits = pass.withChannels(last, channelsOf(last.shape))
  const backward = (gradient: string): void => {
    pass.handBack(softmax, 'float32', () => pass.rechanneled(gradient, logits, last.channels))
  }
  return { logits, backward, layers }
}

function differentiated (layer: Layer, inputs: readonly Value[], pass: Pass, normalize: Normalize): Differentiable {
  const { operation } = layer
  const [value] = inputs
  if (value === undefined) throw new Error(`${describeLayer(layer)} reads nothing`)
  switch (operation.kind) {
    case 'convolution': return convolution(layer, operation, value, pass)
    case 'depthwiseConvolution': return depthwiseConvolution(layer, operation, value, pass)
    case 'separableConvolution': return separableConvolution(layer, operation, value, pass)
    case 'dense': return dense(layer, value, pass)
    case 'batchNormalization': return normalize(layer, operation, value)
    case 'activation': return activation(layer, operation, value, pass)
    case 'maxPooling': case 'averagePooling': return pooling(layer, operation, value, pass)
    case 'globalAveragePooling': case 'globalMaxPooling': return globalPooling(layer, operation, value, pass)
    case 'zeroPadding': return zeroPadding(layer, operation, value, pass)
    case 'channelSlice': return channelSlice(layer, operation, value, pass)
    case 'add': return sum(layer, inputs, pass)
    case 'concatenate': return concatenation(layer, inputs, pass)
    case 'reshape': case 'flatten': return reshaped(layer, value, pass)
    case 'affine': case 'multiply': case 'maximum': case 'minimum': case 'divide': case 'cropping': case 'resizing': case 'channelMean':
    case 'channelMax': case 'layerNormalization': case 'unitNormalization': case 'parametricRelu': case 'probabilities': case 'input':
      return refuse(layer, `layers of the kind ${operation.kind}`)
  }
}
