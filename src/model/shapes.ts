import { NetworkError } from './network.js'
import { sizeOf } from './weights.js'
import type {
  LayerStatement, Margins, NetworkInput, OperationKind, OperationOf, Operation, Padding, Shape, Sides, WeightSpec
} from './network.js'

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
      demandFilledWindows(operation)
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
  const sides = ([0, 1] as const).map((axis) => {
    const side = [height, width][axis] ?? 0
    const { before, after } = paddingOf({ padding, size: size[axis], stride: strides[axis], dilation: dilation[axis] }, side, axis)
    return Math.ceil((before + side + after - (size[axis] - 1) * dilation[axis]) / strides[axis])
  }) as [number, number]
  if (sides.some((side) => side < 1)) throw new NetworkError(`has no pixel left of ${height}x${width}: the input is too small`)
  return sides
}

/** Windows along one side of a map. */
interface SideWindows {
  readonly padding: Padding
  readonly size: number
  readonly stride: number
  readonly dilation: number
}

/** Pixels around a map of so many along an axis (0 is its height), before and after. */
export function paddingOf (
  { padding, size, stride, dilation }: SideWindows, side: number, axis: 0 | 1
): { readonly before: number, readonly after: number } {
  if (padding === 'valid') return { before: 0, after: 0 }
  if (padding !== 'same') {
    return axis === 0 ? { before: padding.top, after: padding.bottom } : { before: padding.left, after: padding.right }
  }
  const total = Math.max(0, (Math.ceil(side / stride) - 1) * stride + (size - 1) * dilation + 1 - side)
  return { before: Math.floor(total / 2), after: Math.ceil(total / 2) }
}

/** What is around a map of this height and width for windows, at each side. */
export function marginsOf (
  padding: Padding, [height, width]: Sides, { size, strides, dilation = [1, 1] }: { size: Sides, strides: Sides, dilation?: Sides }
): Margins {
  const [vertical, horizontal] = ([0, 1] as const).map((axis) => (
    paddingOf({ padding, size: size[axis], stride: strides[axis], dilation: dilation[axis] }, [height, width][axis] ?? 0, axis)
  )) as [ReturnType<typeof paddingOf>, ReturnType<typeof paddingOf>]
  return { top: vertical.before, bottom: vertical.after, left: horizontal.before, right: horizontal.after }
}

/** Throws a NetworkError where a window of a pooling may hold nothing of the map. */
function demandFilledWindows ({ size, padding }: OperationOf<'maxPooling' | 'averagePooling'>): void {
  if (typeof padding === 'string') return
  const { top, bottom, left, right } = padding
  if (Math.max(top, bottom) < size[0] && Math.max(left, right) < size[1]) return
  throw new NetworkError(`has windows of ${size.join('x')} that may lie outside of the map`)
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
