import { NetworkError } from './network.js'
import { sizeOf } from './weights.js'
import type { LayerStatement, NetworkInput, OperationKind, OperationOf, Operation, Padding, Shape, WeightSpec } from './network.js'

type FeatureMap = readonly [height: number, width: number, channels: number]

/** What an operation gives and needs, from the shapes that it reads. */
interface Derived {
  readonly outputShape: Shape
  /** Shapes of the weights by role, in Keras's order. */
  readonly weights: ReadonlyArray<readonly [role: string, shape: readonly number[]]>
}

/** Kinds that read two inputs or more; the others read one. */
const JOINING: ReadonlySet<OperationKind> = new Set(['add', 'multiply', 'maximum', 'minimum', 'divide', 'concatenate'])

/**
 * The shape that an operation gives, and its weights, from the shapes of its inputs.
 * Throws a NetworkError that says what does not fit; it continues a sentence that begins with the layer.
 */
export function derive (operation: Operation, inputs: readonly Shape[]): Derived {
  const [input, ...others] = inputs
  if (operation.kind === 'input' || input === undefined) throw new NetworkError('reads nothing')
  const joins = JOINING.has(operation.kind)
  if (joins === (others.length === 0)) {
    throw new NetworkError(joins ? 'reads one layer, and two or more are needed' : `reads ${inputs.length} layers, and one is needed`)
  }
  const plain = (outputShape: Shape): Derived => ({ outputShape, weights: [] })
  switch (operation.kind) {
    case 'convolution': return convolution(operation, featureMap(input))
    case 'depthwiseConvolution': return depthwise(operation, featureMap(input))
    case 'separableConvolution': return separable(operation, featureMap(input))
    case 'dense': {
      const [length] = vector(input)
      return { outputShape: [operation.units], weights: [['kernel', [length, operation.units]], ...bias(operation.bias, operation.units)] }
    }
    case 'batchNormalization': return { outputShape: input, weights: batchNormalization(operation, channelsOf(input)) }
    case 'affine': {
      for (const numbers of [operation.scale, operation.offset]) {
        if (typeof numbers !== 'number' && numbers.length !== channelsOf(input)) {
          throw new NetworkError(`has ${numbers.length} numbers for ${channelsOf(input)} channels`)
        }
      }
      return plain(input)
    }
    case 'layerNormalization': {
      const { scale, center } = operation
      const roles = [...scale ? ['gamma'] : [], ...center ? ['beta'] : []]
      return { outputShape: input, weights: roles.map((role) => [role, [channelsOf(input)]] as const) }
    }
    case 'parametricRelu': {
      if (broadcast(input, operation.alpha).join() !== input.join()) throw new NetworkError(`has slopes for ${operation.alpha.join('x')}`)
      return { outputShape: input, weights: [['alpha', operation.alpha]] }
    }
    case 'activation': case 'unitNormalization': case 'probabilities': return plain(input)
    case 'channelMean': case 'channelMax': return plain(withChannels(input, 1))
    case 'maxPooling': case 'averagePooling': {
      const map = featureMap(input)
      return plain([...windows(map, operation.size, operation.strides, [1, 1], operation.padding), map[2]])
    }
    case 'globalAveragePooling': case 'globalMaxPooling': {
      const [, , channels] = featureMap(input)
      return plain(operation.keepDimensions ? [1, 1, channels] : [channels])
    }
    case 'zeroPadding': {
      const [height, width, channels] = featureMap(input)
      return plain([height + operation.top + operation.bottom, width + operation.left + operation.right, channels])
    }
    case 'cropping': {
      const [height, width, channels] = featureMap(input)
      const { top, bottom, left, right } = operation
      const [rows, columns] = [height - top - bottom, width - left - right]
      if (rows < 1 || columns < 1) throw new NetworkError(`crops all of ${height}x${width}`)
      return plain([rows, columns, channels])
    }
    case 'resizing': return plain([operation.height, operation.width, featureMap(input)[2]])
    case 'channelSlice': {
      const { start, end } = operation
      if (start >= end || end > channelsOf(input)) throw new NetworkError(`takes the channels ${start} to ${end} of ${channelsOf(input)}`)
      return plain(withChannels(input, end - start))
    }
    case 'divide':
      if (others.length > 1) throw new NetworkError(`reads ${inputs.length} layers, and two are needed`)
      return plain(inputs.reduce(broadcast))
    case 'add': case 'multiply': case 'maximum': case 'minimum': return plain(inputs.reduce(broadcast))
    case 'concatenate': return plain(inputs.reduce(joined))
    case 'reshape': {
      if (sizeOf(operation.shape) !== sizeOf(input)) {
        throw new NetworkError(`reshapes ${input.join('x')} to ${operation.shape.join('x')}, which holds another number of values`)
      }
      return plain(operation.shape)
    }
    case 'flatten': return plain([sizeOf(input)])
  }
}

function convolution ({ filters, groups, bias: hasBias, ...window }: OperationOf<'convolution'>, input: FeatureMap): Derived {
  const [, , channels] = input
  if (channels % groups !== 0 || filters % groups !== 0) {
    throw new NetworkError(`has ${groups} groups, into which ${channels} channels and ${filters} filters do not divide`)
  }
  return {
    outputShape: [...windows(input, window.kernel, window.strides, window.dilation, window.padding), filters],
    weights: [['kernel', [...window.kernel, channels / groups, filters]], ...bias(hasBias, filters)]
  }
}

function depthwise ({ bias: hasBias, ...window }: OperationOf<'depthwiseConvolution'>, input: FeatureMap): Derived {
  const [, , channels] = input
  return {
    outputShape: [...windows(input, window.kernel, window.strides, window.dilation, window.padding), channels],
    weights: [['depthwise_kernel', [...window.kernel, channels, 1]], ...bias(hasBias, channels)]
  }
}

function separable ({ filters, bias: hasBias, ...window }: OperationOf<'separableConvolution'>, input: FeatureMap): Derived {
  const [, , channels] = input
  return {
    outputShape: [...windows(input, window.kernel, window.strides, window.dilation, window.padding), filters],
    weights: [
      ['depthwise_kernel', [...window.kernel, channels, 1]],
      ['pointwise_kernel', [1, 1, channels, filters]],
      ...bias(hasBias, filters)
    ]
  }
}

function bias (hasBias: boolean, length: number): Derived['weights'] {
  return hasBias ? [['bias', [length]]] : []
}

function batchNormalization ({ scale, center }: OperationOf<'batchNormalization'>, channels: number): Derived['weights'] {
  const roles = [...scale ? ['gamma'] : [], ...center ? ['beta'] : [], 'moving_mean', 'moving_variance']
  return roles.map((role) => [role, [channels]] as const)
}

/** Positions of a window along height and width. */
function windows (
  [height, width]: FeatureMap,
  size: readonly [number, number],
  strides: readonly [number, number],
  dilation: readonly [number, number],
  padding: Padding
): [number, number] {
  const sides: [number, number] = [
    windowCount(height, size[0], strides[0], dilation[0], padding),
    windowCount(width, size[1], strides[1], dilation[1], padding)
  ]
  if (sides.some((side) => side < 1)) throw new NetworkError(`has no pixel left of ${height}x${width}: the input is too small`)
  return sides
}

/** TensorFlow's rule for the side of a convolution's or a pooling's output. */
export function windowCount (side: number, size: number, stride: number, dilation: number, padding: Padding): number {
  return padding === 'same' ? Math.ceil(side / stride) : Math.ceil((side - (size - 1) * dilation) / stride)
}

/** Pixels of `same` padding along one side, before and after (TensorFlow's rule). */
export function samePadding (
  side: number, size: number, stride: number, dilation: number
): { readonly before: number, readonly after: number } {
  const total = Math.max(0, (Math.ceil(side / stride) - 1) * stride + (size - 1) * dilation + 1 - side)
  return { before: Math.floor(total / 2), after: Math.ceil(total / 2) }
}

function broadcast (left: Shape, right: Shape): Shape {
  const fits = left.length === right.length && left.every((side, index) => side === right[index] || side === 1 || right[index] === 1)
  if (!fits) throw new NetworkError(`reads ${left.join('x')} and ${right.join('x')}, which do not fit`)
  return left.map((side, index) => Math.max(side, right[index] ?? 0)) as unknown as Shape
}

function joined (left: Shape, right: Shape): Shape {
  if (left.length !== right.length || left.slice(0, -1).join() !== right.slice(0, -1).join()) {
    throw new NetworkError(`joins ${left.join('x')} and ${right.join('x')}, which do not fit`)
  }
  return withChannels(left, channelsOf(left) + channelsOf(right))
}

function withChannels (shape: Shape, channels: number): Shape {
  return shape.length === 1 ? [channels] : [shape[0], shape[1], channels]
}

/** Height, width and channels of what a network reads. */
export function inputShape ({ side, width = side, channels }: NetworkInput): FeatureMap {
  return [side, width, channels]
}

/** The last dimension. */
export function channelsOf (shape: Shape): number {
  return shape.length === 1 ? shape[0] : shape[2]
}

/** True for a vector and for a map of one pixel. */
export function hasOnePosition (shape: Shape): boolean {
  return shape.length === 1 || (shape[0] === 1 && shape[1] === 1)
}

function featureMap (shape: Shape): FeatureMap {
  if (shape.length !== 3) throw new NetworkError(`reads a vector of ${shape[0]}, and a feature map is needed`)
  return shape
}

function vector (shape: Shape): readonly [number] {
  if (shape.length !== 1) {
    throw new NetworkError(`reads a feature map of ${shape.join('x')}, and a vector is needed: pool or flatten it first`)
  }
  return shape
}

/** The weights of a layer by name. */
export function weightSpecs (
  { name, weightNames = {} }: Pick<LayerStatement, 'name' | 'weightNames'>, weights: Derived['weights']
): WeightSpec[] {
  return weights.map(([role, shape]) => ({ role, name: weightNames[role] ?? `${name}/${role}`, shape }))
}
