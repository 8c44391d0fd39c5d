import { channelsOf } from '../../model/shapes.js'
import type { Layer } from '../../model/network.js'
import { sizeOf, type Tensor, type Weights } from '../../model/weights.js'
import { weightOf } from '../weight-of.js'
import { absorb, type ChannelAffine, type Kernel } from './channel-affine.js'

interface Change {
  readonly layer: Layer
  /** What is done to the layer's input. */
  readonly before: ChannelAffine | undefined
  /** What is done to its result. */
  readonly after: ChannelAffine | undefined
}

/** The weights, by role, with which a layer does all three; what is affine itself has none. */
export function foldedTensors (change: Change, weights: Weights): ReadonlyMap<string, Tensor> {
  const { layer, before, after } = change
  const isUnchanged = before === undefined && after === undefined
  switch (layer.operation.kind) {
    case 'convolution': case 'depthwiseConvolution': case 'dense': case 'separableConvolution':
      if (isUnchanged) return new Map(layer.weights.map(({ role }) => [role, weightOf(layer, role, weights)]))
      return layer.operation.kind === 'separableConvolution' ? separable(change, weights) : single(change, weights)
    case 'batchNormalization': return new Map()
    default: return new Map(layer.weights.map(({ role }) => [role, weightOf(layer, role, weights)]))
  }
}

function single ({ layer, before, after }: Change, weights: Weights): ReadonlyMap<string, Tensor> {
  const role = layer.operation.kind === 'depthwiseConvolution' ? 'depthwise_kernel' : 'kernel'
  const { shape } = weightOf(layer, role, weights)
  const { values, bias } = absorb({ ...kernel(layer, role, weights), bias: ownBias(layer, weights) }, before, after)
  return new Map([[role, tensor(shape, values)], ['bias', tensor([bias.length], bias)]])
}

/** What is done before goes into the depthwise kernel; the shift goes on through the pointwise one, where the bias is. */
function separable ({ layer, before, after }: Change, weights: Weights): ReadonlyMap<string, Tensor> {
  const shapeOf = (role: string): readonly number[] => weightOf(layer, role, weights).shape
  const depthwise = absorb(kernel(layer, 'depthwise_kernel', weights), before, undefined)
  const ones = new Float64Array(depthwise.bias.length).fill(1)
  const between = before === undefined ? undefined : { scale: ones, shift: depthwise.bias }
  const pointwise = absorb({ ...kernel(layer, 'pointwise_kernel', weights), bias: ownBias(layer, weights) }, between, after)
  return new Map([
    ['depthwise_kernel', tensor(shapeOf('depthwise_kernel'), depthwise.values)],
    ['pointwise_kernel', tensor(shapeOf('pointwise_kernel'), pointwise.values)],
    ['bias', tensor([pointwise.bias.length], pointwise.bias)]
  ])
}

function kernel (layer: Layer, role: string, weights: Weights): Kernel {
  const { shape, data } = weightOf(layer, role, weights)
  if (role === 'depthwise_kernel') {
    const channels = shape[2] ?? 0
    return { positions: data.length / channels, groups: channels, filters: channels, values: data }
  }
  const groups = layer.operation.kind === 'convolution' ? layer.operation.groups : 1
  return { positions: sizeOf(shape.slice(0, -2)), groups, filters: channelsOf(layer.outputShape), values: data }
}

function ownBias (layer: Layer, weights: Weights): Float32Array | undefined {
  return 'bias' in layer.operation && layer.operation.bias ? weightOf(layer, 'bias', weights).data : undefined
}

/** The one place where the numbers are rounded. */
function tensor (shape: readonly number[], values: Float64Array): Tensor {
  return { shape, data: new Float32Array(values) }
}
