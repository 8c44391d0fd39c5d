import { Type, type Static } from '../base/typebox.js'
import { OperatorError } from '../base/errors.js'
import type { Rescaling } from './input.js'

/*
 * The one form of a network: its input and a list of layers in topological order. Compiler, counts, `describe`, benchmarks and
 * training read it, and none of them asks which family it came from.
 */

/** Height, width and channels of a feature map, or the length of a vector; the batch dimension is left out. */
export type Shape = readonly [height: number, width: number, channels: number] | readonly [length: number]

const Count = Type.Integer({ minimum: 1, maximum: 1_000_000 })
const Amount = Type.Integer({ minimum: 0, maximum: 1_000_000 })
const Side = Type.Integer({ minimum: 1, maximum: 10_000 })
/** Height and width. */
const Sides = Type.Tuple([Side, Side])
/** Rows and columns at each side. */
export const Margins = Type.Object({ top: Amount, bottom: Amount, left: Amount, right: Amount })
export type Margins = Static<typeof Margins>
/**
 * What is around a map for windows. TensorFlow's rules are `valid`, nothing, and `same`, until the output has ceil(side / stride)
 * positions, the odd one at the bottom and right; margins are said one by one, as PyTorch has them. Convolutions read zeros there, and
 * for poolings what is outside takes no part.
 */
export const Padding = Type.Union([Type.Literal('valid'), Type.Literal('same'), Margins])
export type Padding = Static<typeof Padding>
/** One number for all channels, or one a channel. */
const ChannelNumbers = Type.Union([Type.Number(), Type.Array(Type.Number(), { minItems: 1 })])

/** A non-linearity; softmax is over the last dimension. */
export const Activation = Type.Union([
  Type.Object({ function: Type.Union([Type.Literal('sigmoid'), Type.Literal('softmax'), Type.Literal('silu'), Type.Literal('tanh')]) }),
  /**
   * SELU: 1.0507 x where it is positive, else 1.7581 (exp(x) - 1); softplus: log(1 + exp(x)); softsign: x / (1 + |x|); mish: x times
   * tanh of its softplus; exponential: exp(x).
   */
  Type.Object({
    function: Type.Union([
      Type.Literal('selu'), Type.Literal('softplus'), Type.Literal('softsign'), Type.Literal('mish'), Type.Literal('exponential')
    ])
  }),
  /** max(x, 0), at most `maximum` where there is one (6 for ReLU6). */
  Type.Object({ function: Type.Literal('relu'), maximum: Type.Optional(Type.Number({ exclusiveMinimum: 0 })) }),
  /** x where it is positive, else x * slope. */
  Type.Object({ function: Type.Literal('leakyRelu'), slope: Type.Number() }),
  /** x where it is positive, else alpha * (exp(x) - 1). */
  Type.Object({ function: Type.Literal('elu'), alpha: Type.Number() }),
  /** x times the normal distribution's share below x; `approximate` by tanh. */
  Type.Object({ function: Type.Literal('gelu'), approximate: Type.Boolean() }),
  /** slope * x + 0.5, held between 0 and 1: the slope is 0.2 in Keras 2 and TensorFlow.js, 1/6 in Keras 3. */
  Type.Object({ function: Type.Literal('hardSigmoid'), slope: Type.Number() }),
  /** x times its hard sigmoid. */
  Type.Object({ function: Type.Literal('hardSwish'), slope: Type.Number() })
])
export type Activation = Static<typeof Activation>

const WINDOW = { kernel: Sides, strides: Sides, dilation: Sides, padding: Padding }
const POOL = { size: Sides, strides: Sides, padding: Padding }

/** What a layer computes, with the numbers that define it. */
export const Operation = Type.Union([
  Type.Object({ kind: Type.Literal('input') }),
  /** Kernel [height, width, in / groups, filters]. */
  Type.Object({ kind: Type.Literal('convolution'), filters: Count, groups: Count, bias: Type.Boolean(), ...WINDOW }),
  /** One spatial convolution a channel; kernel [height, width, in, 1]. */
  Type.Object({ kind: Type.Literal('depthwiseConvolution'), bias: Type.Boolean(), ...WINDOW }),
  /** Depthwise, then a 1x1 convolution, nothing between (a non-linearity between makes them two layers). */
  Type.Object({ kind: Type.Literal('separableConvolution'), filters: Count, bias: Type.Boolean(), ...WINDOW }),
  /** Sums over a vector, one a unit. */
  Type.Object({ kind: Type.Literal('dense'), units: Count, bias: Type.Boolean() }),
  /** (x - moving_mean) / sqrt(moving_variance + epsilon), times gamma where there is a scale, plus beta where there is a center. */
  Type.Object({
    kind: Type.Literal('batchNormalization'), epsilon: Type.Number({ exclusiveMinimum: 0 }), scale: Type.Boolean(), center: Type.Boolean()
  }),
  /** (x - mean) / sqrt(variance + epsilon), both of the channels of its position, times gamma and plus beta where there are. */
  Type.Object({
    kind: Type.Literal('layerNormalization'), epsilon: Type.Number({ exclusiveMinimum: 0 }), scale: Type.Boolean(), center: Type.Boolean()
  }),
  /** The channels of each position divided by their length (the root of the sum of their squares). */
  Type.Object({ kind: Type.Literal('unitNormalization') }),
  /** The mean, or the largest, of the channels of each position, as the one channel that is left. */
  Type.Object({ kind: Type.Literal('channelMean') }),
  Type.Object({ kind: Type.Literal('channelMax') }),
  /** x where it is positive, else x * alpha, which has the map's sides or 1 in their place. */
  Type.Object({ kind: Type.Literal('parametricRelu'), alpha: Type.Union([Type.Tuple([Count]), Type.Tuple([Count, Count, Count])]) }),
  /** x * scale + offset. */
  Type.Object({ kind: Type.Literal('affine'), scale: ChannelNumbers, offset: ChannelNumbers }),
  Type.Object({ kind: Type.Literal('activation'), activation: Activation }),
  Type.Object({ kind: Type.Literal('maxPooling'), ...POOL }),
  Type.Object({ kind: Type.Literal('averagePooling'), ...POOL }),
  /** To a vector, or to [1, 1, channels] where the dimensions are kept. */
  Type.Object({ kind: Type.Literal('globalAveragePooling'), keepDimensions: Type.Boolean() }),
  Type.Object({ kind: Type.Literal('globalMaxPooling'), keepDimensions: Type.Boolean() }),
  Type.Object({ kind: Type.Literal('zeroPadding'), ...Margins.properties }),
  /** Without so many rows and columns at each side. */
  Type.Object({ kind: Type.Literal('cropping'), ...Margins.properties }),
  /** To another height and width, by where the centres of positions lie and without antialiasing, as TensorFlow 2's tf.image.resize. */
  Type.Object({
    kind: Type.Literal('resizing'), height: Side, width: Side, method: Type.Union([Type.Literal('nearest'), Type.Literal('bilinear')])
  }),
  /** Channels from `start` up to, not including, `end`. */
  Type.Object({ kind: Type.Literal('channelSlice'), start: Amount, end: Count }),
  /** Sum of two or more inputs (the same for those below); a side of 1 is repeated to the others' length. */
  Type.Object({ kind: Type.Literal('add') }),
  Type.Object({ kind: Type.Literal('multiply') }),
  Type.Object({ kind: Type.Literal('maximum') }),
  Type.Object({ kind: Type.Literal('minimum') }),
  /** The first of two inputs by the second. */
  Type.Object({ kind: Type.Literal('divide') }),
  /** Joins the channels of two or more inputs. */
  Type.Object({ kind: Type.Literal('concatenate') }),
  Type.Object({ kind: Type.Literal('reshape'), shape: Type.Union([Type.Tuple([Count]), Type.Tuple([Count, Count, Count])]) }),
  Type.Object({ kind: Type.Literal('flatten') }),
  /** What it reads, which is probabilities already (a mean of softmaxes, say): the last layer where no activation is. */
  Type.Object({ kind: Type.Literal('probabilities'), of: Type.Union([Type.Literal('softmax'), Type.Literal('sigmoid')]) })
])
export type Operation = Static<typeof Operation>
export type OperationKind = Operation['kind']
/** The operation of one kind. */
export type OperationOf<Kind extends OperationKind> = Extract<Operation, { kind: Kind }>

/** One weight of a layer. Names and dimension order are Keras's (HWIO for convolutions). */
export interface WeightSpec {
  /** What it is in its layer: kernel, bias, depthwise_kernel, pointwise_kernel, gamma, beta, moving_mean, moving_variance, alpha. */
  readonly role: string
  /** Its key among the network's weights, `<layer>/<role>` unless the layer states another. */
  readonly name: string
  readonly shape: readonly number[]
}

const Name = Type.String({ minLength: 1 })

/** What is stated of a layer; shapes and weights follow from it. */
export const LayerStatement = Type.Object({
  name: Name,
  operation: Operation,
  /** Names of the layers it reads, in order; each stands before it. */
  inputs: Type.Array(Name),
  /** Names of weights by role, where they are not `<layer>/<role>`. */
  weightNames: Type.Optional(Type.Record(Type.String(), Name)),
  /** The numbered group of the paper, such as `block5`, that it belongs to. */
  module: Type.Optional(Name),
  /** The paper's entry, middle or exit flow, or the head. */
  flow: Type.Optional(Name)
})
export type LayerStatement = Static<typeof LayerStatement>

export interface Layer extends Readonly<LayerStatement> {
  readonly outputShape: Shape
  readonly weights: readonly WeightSpec[]
}

export interface NetworkInput {
  /** Height of the picture in pixels, and width, unless that is stated. */
  readonly side: number
  /** Width in pixels, where the picture is not square. */
  readonly width?: number
  /** 3 is RGB, 1 is grey. */
  readonly channels: 1 | 3
  readonly rescaling: Rescaling
}

export interface Network {
  readonly input: NetworkInput
  /** In topological order; the first is the input, the last gives the probabilities. */
  readonly layers: readonly Layer[]
}

/** A network that cannot be. The message is a sentence, or continues one that begins with the layer. */
export class NetworkError extends OperatorError {
  override readonly name = 'NetworkError'
}

/** Height and width. */
export type Sides = readonly [height: number, width: number]

/** The layer as messages name it. */
export function describeLayer ({ name, operation }: Pick<LayerStatement, 'name' | 'operation'>): string {
  return `the layer ${name} (${operation.kind})`
}

/** What the last layer's values are, where they are probabilities. */
export function endingOf ({ operation }: Pick<Layer, 'operation'>): 'softmax' | 'sigmoid' | undefined {
  if (operation.kind === 'probabilities') return operation.of
  const ending = operation.kind === 'activation' ? operation.activation.function : undefined
  return ending === 'softmax' || ending === 'sigmoid' ? ending : undefined
}

/** Number of values that the last layer gives. Throws a NetworkError if they are not one probability a class. */
export function outputUnits ({ layers }: Pick<Network, 'layers'>): number {
  const last = layers.at(-1)
  const activation = last === undefined ? undefined : endingOf(last)
  if (last === undefined || activation === undefined) {
    const { operation } = last ?? {}
    const found = operation?.kind === 'activation' ? operation.activation.function : operation?.kind ?? 'nothing'
    throw new NetworkError(`the network must end in softmax or sigmoid, not in ${found}`)
  }
  if (last.outputShape.length !== 1) {
    throw new NetworkError('the network must end in one number a class, so it needs a pooling or a flatten layer')
  }
  const [units] = last.outputShape
  if (units === 1 && activation === 'softmax') {
    throw new NetworkError('the network ends in a softmax over one unit, which always gives 1: use sigmoid, or two units')
  }
  return units
}

/** Number of classes: the output's units, or two where a single sigmoid unit decides between two labels. */
export function classCount (network: Pick<Network, 'layers'>): number {
  return Math.max(2, outputUnits(network))
}
