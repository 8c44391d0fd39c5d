import { describeLayer, type Layer, type Network } from '../../model/network.js'
import { hasOnePosition, inputShape } from '../../model/shapes.js'
import type { Weights } from '../../model/weights.js'
import type { Program } from '../emit.js'
import { StepList } from '../steps.js'
import type { Target } from '../target.js'
import { activation } from './activations.js'
import { affine, affineOfMap } from './affine.js'
import { layerNormalization, ofChannels, parametricRelu, unitNormalization } from './channels.js'
import { denseChain } from './dense.js'
import { input, placeholders } from './ends.js'
import { channelSlice, combination, concatenation, reshaped } from './joins.js'
import { outputs } from './outputs.js'
import { cropping, resizing } from './resizing.js'
import { separableChain } from './separable.js'
import { NO_CHAINS, planChains } from './chain-plan.js'
import { Values, type Value } from './values.js'
import { convolution, depthwiseConvolution, pooling, separableConvolution } from './windows.js'

/**
 * A folded network as steps for a target. What a global pooling gives and all vectors are float32, and so is what
 * follows from them, until it meets feature maps again.
 */
export function lower (
  { network, weights }: { readonly network: Network, readonly weights: Weights }, { precision, ownKernels, quantization }: Target
): Program {
  const values = new Values(new StepList(), precision, weights)
  const given = new Map<string, Value>()
  const valueOf = (name: string): Value => given.get(name) as Value
  const inputs = placeholders(inputShape(network.input), values.steps)
  const { chains, absorbed } = ownKernels ? planChains(network) : NO_CHAINS
  const valueFor = (layer: Layer): Value => {
    if (layer.operation.kind === 'input') return input(network, inputs, values)
    const chain = chains.get(layer.name)
    if (chain === undefined) return lowered(layer, layer.inputs.map(valueOf), values)
    const { operation } = chain.layer
    if (operation.kind === 'convolution') return denseChain(layer.name, chain, operation, valueOf, values)
    return separableChain(layer.name, chain, valueOf, values, quantization?.get(chain.layer.name))
  }
  for (const layer of network.layers) if (!absorbed.has(layer.name)) given.set(layer.name, valueFor(layer))
  return { inputs, outputs: outputs(network, valueOf, values), steps: values.steps.steps }
}

function lowered (layer: Layer, inputs: readonly Value[], values: Values): Value {
  const { operation, name } = layer
  const [value] = inputs
  if (value === undefined) throw new Error(`${describeLayer(layer)} reads nothing`)
  switch (operation.kind) {
    case 'convolution': return convolution(layer, operation, value, values)
    case 'depthwiseConvolution': return depthwiseConvolution(layer, operation, value, values)
    case 'separableConvolution': return separableConvolution(layer, operation, value, values)
    case 'dense': return dense(layer, value, values)
    case 'affine': return (hasOnePosition(value.shape) ? affine : affineOfMap)(name, value, operation, values)
    case 'activation': return { ...value, step: activation(name, value.step, operation.activation, value.type, values.steps) }
    case 'maxPooling': case 'averagePooling': return pooling(layer, operation, value, values)
    case 'globalAveragePooling': return globalPooling(layer, 'Mean', value, values)
    case 'globalMaxPooling': return globalPooling(layer, 'Max', value, values)
    case 'zeroPadding': {
      const { top, bottom, left, right } = operation
      const map = values.spatial(value)
      const step = values.steps.pad(name, map.step, map.type, [[0, 0], [top, bottom], [left, right], [0, 0]])
      return { ...map, step, shape: layer.outputShape }
    }
    case 'cropping': return cropping(layer, operation, value, values)
    case 'resizing': return resizing(layer, operation, value, values)
    case 'channelSlice': return channelSlice(layer, operation, value, values)
    case 'add': return combination(layer, 'AddV2', inputs, values)
    case 'multiply': return combination(layer, 'Mul', inputs, values)
    case 'maximum': return combination(layer, 'Maximum', inputs, values)
    case 'minimum': return combination(layer, 'Minimum', inputs, values)
    case 'divide': return combination(layer, 'RealDiv', inputs, values)
    case 'layerNormalization': return layerNormalization(layer, operation, value, values)
    case 'unitNormalization': return unitNormalization(layer, value, values)
    case 'channelMean': return ofChannels(layer, 'Mean', value, values)
    case 'channelMax': return ofChannels(layer, 'Max', value, values)
    case 'parametricRelu': return parametricRelu(layer, operation, value, values)
    case 'probabilities': return value
    case 'concatenate': return concatenation(layer, inputs, values)
    case 'reshape': case 'flatten': return reshaped(layer, value, values)
    case 'batchNormalization': case 'input': throw new Error(`${describeLayer(layer)} is no layer of a folded network`)
  }
}

function dense (layer: Layer, read: Value, values: Values): Value {
  const { step, type } = values.ofType(read, 'float32')
  const product = values.steps.add(layer.name, type, [step, values.weight(layer, 'kernel', type)], { op: 'MatMul' })
  return { step: values.biased(layer, product, type), shape: layer.outputShape, form: 'rows', type }
}

/** Sums over many positions and all that follows are in float32, whatever the network computes in. */
function globalPooling (layer: Layer, op: 'Mean' | 'Max', read: Value, values: Values): Value {
  const { step } = values.ofType(values.spatial(read), 'float32')
  return { step: values.steps.reduceSpatial(layer.name, op, step, 'float32'), shape: layer.outputShape, form: 'rows', type: 'float32' }
}
