import { Type, type Static, type TSchema } from 'typebox'
import type { Activation } from '../../model/architecture.js'
import type { Padding } from '../../model/layers.js'
import { describe, parsePart, refuse } from './refusal.js'
import type { FlatLayer } from './flatten.js'
import { checkSettings } from './settings.js'
import { scalingOperation, type ScalingOperation } from './scaling-operations.js'

/** What a layer of a Keras file computes when serving, with the numbers that define it. */
export type KerasOperation =
  | { readonly kind: 'input' }
  | { readonly kind: 'noEffect' }
  | ScalingOperation
  | { readonly kind: 'convolution', readonly filters: number, readonly kernelSize: number, readonly stride: number, readonly padding: Padding }
  | { readonly kind: 'separableConvolution', readonly filters: number, readonly kernelSize: number }
  | { readonly kind: 'batchNormalization', readonly epsilon: number, readonly center: boolean, readonly scale: boolean }
  | { readonly kind: 'activation', readonly activation: Activation }
  | { readonly kind: 'maxPooling', readonly size: number, readonly stride: number }
  | { readonly kind: 'add' }
  | { readonly kind: 'globalAveragePooling' }
  | { readonly kind: 'globalMaxPooling' }
  | { readonly kind: 'flatten' }
  | { readonly kind: 'dense', readonly units: number, readonly activation: Activation, readonly useBias: boolean }

const SUPPORTED = 'Rescaling, Normalization, constant arithmetic on the pixels, augmentation, Dropout, the layers of Xception, ' +
  'GlobalAveragePooling2D, GlobalMaxPooling2D, Flatten, Dense, BatchNormalization, Activation, ReLU, ELU and Softmax'

const NO_EFFECT = /^(Dropout|SpatialDropout2D|AlphaDropout|GaussianDropout|GaussianNoise|ActivityRegularization|Identity|Random(?!Crop)\w+|RandAugment|AugMix|CutMix|MixUp|Cast)$/

const Side = Type.Integer({ minimum: 1, maximum: 1000 })
const Count = Type.Integer({ minimum: 1, maximum: 1_000_000 })
const Pair = Type.Tuple([Side, Side])
const Sides = Type.Union([Side, Pair])
const Convolution = Type.Object({
  filters: Count,
  kernel_size: Sides,
  strides: Sides,
  padding: Type.Union([Type.Literal('valid'), Type.Literal('same')]),
  // Keras's default is a bias, so that a layer that says nothing has one.
  use_bias: Type.Boolean()
})
const BatchNormalization = Type.Object({
  epsilon: Type.Number({ exclusiveMinimum: 0 }),
  center: Type.Optional(Type.Boolean()),
  scale: Type.Optional(Type.Boolean())
})
const MaxPooling = Type.Object({ pool_size: Sides, strides: Type.Optional(Type.Union([Sides, Type.Null()])), padding: Type.Literal('same') })
const Dense = Type.Object({ units: Count, use_bias: Type.Optional(Type.Boolean()) })

/** Throws a WeightsError that names the layer if it is of a class or has a setting that is not supported. */
export function operationOf (layer: FlatLayer): KerasOperation {
  checkSettings(layer)
  const tensors = layer.operands.filter((operand) => 'layer' in operand).length
  if (tensors === 2 && isAddition(layer)) return { kind: 'add' }
  if (tensors > 1) refuse(layer, `reads ${tensors} layers, and only the residual sums of Xception do: the service knows ${SUPPORTED}`)
  return simpleOperation(layer) ?? scalingOperation(layer) ?? refuse(layer, `is not supported: the service knows ${SUPPORTED}`)
}

function isAddition ({ className, config }: FlatLayer): boolean {
  return className === 'Add' || (className === 'TFOpLambda' && ['__operators__.add', 'math.add'].includes(String(config.function)))
}

function simpleOperation (layer: FlatLayer): KerasOperation | undefined {
  if (NO_EFFECT.test(layer.className)) return { kind: 'noEffect' }
  if (layer.className === 'TFOpLambda' && layer.config.function === 'cast') return { kind: 'noEffect' }
  switch (layer.className) {
    case 'InputLayer': return { kind: 'input' }
    case 'Conv2D': return convolution(layer)
    case 'SeparableConv2D': return separableConvolution(layer)
    case 'BatchNormalization': return batchNormalization(layer)
    case 'MaxPooling2D': return maxPooling(layer)
    case 'GlobalAveragePooling2D': return { kind: 'globalAveragePooling' }
    case 'GlobalMaxPooling2D': return { kind: 'globalMaxPooling' }
    case 'Flatten': return { kind: 'flatten' }
    case 'Dense': {
      const { units, use_bias: useBias = true } = checked(layer, Dense)
      return { kind: 'dense', units, activation: activationOf(layer), useBias }
    }
    case 'Activation': return { kind: 'activation', activation: activationOf(layer) }
    case 'ReLU': return { kind: 'activation', activation: 'relu' }
    case 'ELU': return { kind: 'activation', activation: 'elu' }
    case 'Softmax': return { kind: 'activation', activation: 'softmax' }
    default: return undefined
  }
}

function convolution (layer: FlatLayer): KerasOperation {
  const { filters, kernel_size: kernel, strides, padding } = checked(layer, Convolution)
  linear(layer)
  return { kind: 'convolution', filters, kernelSize: square(layer, 'kernel_size', kernel), stride: square(layer, 'strides', strides), padding }
}

function separableConvolution (layer: FlatLayer): KerasOperation {
  const { filters, kernel_size: kernel } = checked(layer, Convolution)
  linear(layer)
  return { kind: 'separableConvolution', filters, kernelSize: square(layer, 'kernel_size', kernel) }
}

function batchNormalization (layer: FlatLayer): KerasOperation {
  const { epsilon, center = true, scale = true } = checked(layer, BatchNormalization)
  return { kind: 'batchNormalization', epsilon, center, scale }
}

function maxPooling (layer: FlatLayer): KerasOperation {
  const { pool_size: size, strides } = checked(layer, MaxPooling)
  return { kind: 'maxPooling', size: square(layer, 'pool_size', size), stride: square(layer, 'strides', strides ?? size) }
}

function linear (layer: FlatLayer): void {
  const activation = activationOf(layer)
  if (activation !== 'linear') refuse(layer, `has the activation ${activation}, and a batch normalization follows the convolutions of Xception directly`)
}

function square (layer: FlatLayer, setting: string, value: Static<typeof Sides>): number {
  const [height = 0, width = height] = [value].flat()
  return height === width ? height : refuse(layer, `has ${setting} [${height}, ${width}], and only equal ones are supported`)
}

/** The activation of a layer's configuration: a name, or Keras 3's object around one. */
function activationOf (layer: FlatLayer): Activation {
  const { activation } = layer.config
  const name = typeof activation === 'object' && activation !== null && 'config' in activation ? activation.config : activation
  switch (name) {
    case null: case undefined: return 'linear'
    case 'linear': case 'relu': case 'elu': case 'sigmoid': case 'softmax': return name
    default: return refuse(layer, `has the activation ${JSON.stringify(activation)}, and linear, relu, elu, sigmoid and softmax are supported`)
  }
}

function checked<S extends TSchema> (layer: FlatLayer, schema: S): Static<S> {
  return parsePart(schema, layer.config, describe(layer))
}
