import type { Activation, Shape } from '../../model/network.js'
import type { Emitter } from './emitter.js'
import type { FlatLayer } from './flatten.js'
import { refuse } from './refusal.js'
import { demand, demandLastAxis, functionOf } from './settings.js'

/** A non-linearity of a file; a leaky ReLU with a maximum becomes several layers. */
type NonLinearity = Activation | { readonly function: 'cappedLeakyRelu', readonly slope: number, readonly maximum: number }

type Parameters = Readonly<Record<string, unknown>>

/** Version of Keras that wrote a file, as far as it matters: TensorFlow.js computes as Keras 2 does. */
export type KerasVersion = 2 | 3

/** Slope of tf.nn.leaky_relu, Keras's activation and its operation, where they do not say it. */
const FUNCTION_SLOPE = 0.2
/** Slope of the layer LeakyReLU, where it does not say it. */
const LAYER_SLOPE = 0.3
/** Slope of a hard sigmoid, by Keras's version. */
const HARD_SLOPES: Readonly<Record<KerasVersion, number>> = { 2: 0.2, 3: 1 / 6 }

const NAMES = 'linear, relu, relu6, leaky_relu, elu, silu, gelu, hard_sigmoid, hard_swish, sigmoid, softmax, tanh, ' +
  'selu, softplus, softsign, mish and exponential'

/** Keras 3's operations, and TensorFlow's functions as Keras 2 names them, by the name of the activation. */
const FUNCTIONS: ReadonlyMap<string, string> = new Map([
  ['Relu', 'relu'], ['Relu6', 'relu6'], ['LeakyRelu', 'leaky_relu'], ['Elu', 'elu'], ['Silu', 'silu'], ['Gelu', 'gelu'],
  ['Sigmoid', 'sigmoid'],
  ['HardSigmoid', 'hard_sigmoid'], ['HardSilu', 'hard_silu'], ['Tanh', 'tanh'], ['Clip', 'clip'],
  ['nn.relu', 'relu'], ['nn.relu6', 'relu6'], ['nn.leaky_relu', 'leaky_relu'], ['nn.elu', 'elu'], ['nn.silu', 'silu'], ['nn.swish', 'silu'],
  ['nn.gelu', 'gelu'], ['math.sigmoid', 'sigmoid'], ['nn.sigmoid', 'sigmoid'], ['sigmoid', 'sigmoid'], ['nn.softmax', 'softmax'],
  ['math.tanh', 'tanh'], ['nn.tanh', 'tanh'], ['tanh', 'tanh'],
  ['Selu', 'selu'], ['nn.selu', 'selu'], ['Softplus', 'softplus'], ['math.softplus', 'softplus'], ['nn.softplus', 'softplus'],
  ['Softsign', 'softsign'], ['nn.softsign', 'softsign'], ['Exp', 'exponential'], ['math.exp', 'exponential'], ['exp', 'exponential'],
  ['clip_by_value', 'clip']
])

/** Layers that are an activation with settings of their own. */
const LAYERS = new Set(['ReLU', 'LeakyReLU', 'ELU', 'Softmax'])

/**
 * Appends the activation inside a layer such as a convolution, where it has one; returns the name of the layer that gives the result.
 * Throws a WeightsError that names the layer if the activation is not supported.
 */
export function emitFused (emitter: Emitter, layer: FlatLayer, input: string, version: KerasVersion): string {
  const activation = statedActivation(layer, version, emitter.shapeOf(input))
  return activation === undefined ? input : emit(emitter, layer, input, activation, `_${activation.function}`)
}

/**
 * Appends a layer that is an activation; undefined where it is of another kind.
 * Throws a WeightsError that names the layer if the activation is not supported.
 */
export function emitActivation (emitter: Emitter, layer: FlatLayer, input: string, version: KerasVersion): string | undefined {
  const { className, config, keywords } = layer
  const shape = emitter.shapeOf(input)
  if (className === 'Activation') {
    const activation = statedActivation(layer, version, shape)
    return activation === undefined ? input : emit(emitter, layer, input, activation, '')
  }
  if (LAYERS.has(className)) return emit(emitter, layer, input, layerActivation(layer, className, config, shape), '')
  const name = FUNCTIONS.get(functionOf(layer))
  if (name === undefined) return undefined
  const parameters = className === 'TFOpLambda' ? keywords : { approximate: true, ...config }
  const activation = name === 'clip' ? clipped(layer, parameters) : namedActivation(layer, name, parameters, version, shape)
  return activation === undefined ? input : emit(emitter, layer, input, activation, '')
}

function emit (emitter: Emitter, layer: FlatLayer, input: string, activation: NonLinearity, suffix: string): string {
  if (activation.function !== 'cappedLeakyRelu') return emitter.add(layer, { kind: 'activation', activation }, [input], { suffix })
  // The positive part, capped, and slope times the negative one.
  const positive = emitter.add(layer, { kind: 'activation', activation: { function: 'relu', maximum: activation.maximum } }, [input],
    { suffix: `${suffix}_positive` })
  const negated = emitter.add(layer, { kind: 'affine', scale: -1, offset: 0 }, [input], { suffix: `${suffix}_negated` })
  const negative = emitter.add(layer, { kind: 'activation', activation: { function: 'relu' } }, [negated], { suffix: `${suffix}_negative` })
  const sloping = emitter.add(layer, { kind: 'affine', scale: -activation.slope, offset: 0 }, [negative], { suffix: `${suffix}_sloping` })
  return emitter.add(layer, { kind: 'add' }, [positive, sloping], { suffix })
}

/** The activation of a layer's configuration: a name, Keras 3's object around one, or a layer. Undefined where it is linear. */
function statedActivation (layer: FlatLayer, version: KerasVersion, shape: Shape): NonLinearity | undefined {
  const { activation } = layer.config
  if ((activation ?? null) === null) return undefined
  if (typeof activation === 'string') return namedActivation(layer, activation, {}, version, shape)
  const { class_name: className, config } = activation as { class_name?: unknown, config?: unknown }
  if (typeof config === 'string') return namedActivation(layer, config, {}, version, shape)
  if (typeof className === 'string' && LAYERS.has(className) && typeof config === 'object' && config !== null) {
    return layerActivation(layer, className, config as Parameters, shape)
  }
  return refuse(layer, `has the activation ${JSON.stringify(activation)}, and ${NAMES} are supported`)
}

function namedActivation (
  layer: FlatLayer, name: string, parameters: Parameters, version: KerasVersion, shape: Shape
): NonLinearity | undefined {
  switch (name) {
    case 'linear': return undefined
    case 'relu': return { function: 'relu' }
    case 'relu6': return { function: 'relu', maximum: 6 }
    case 'leaky_relu': return {
      function: 'leakyRelu', slope: numberOf(layer, 'slope', parameters.negative_slope ?? parameters.alpha ?? FUNCTION_SLOPE)
    }
    case 'elu': return { function: 'elu', alpha: numberOf(layer, 'alpha', parameters.alpha ?? 1) }
    case 'silu': case 'swish': return { function: 'silu' }
    case 'gelu': return { function: 'gelu', approximate: parameters.approximate === true }
    case 'hard_sigmoid': return { function: 'hardSigmoid', slope: HARD_SLOPES[version] }
    case 'hard_silu': case 'hard_swish': return { function: 'hardSwish', slope: HARD_SLOPES[version] }
    case 'exponential': case 'exp': return { function: 'exponential' }
    case 'sigmoid': case 'tanh': case 'selu': case 'softplus': case 'softsign': case 'mish': return { function: name }
    case 'softmax':
      demandLastAxis(layer, parameters.axis, shape)
      return { function: name }
    default: return refuse(layer, `has the activation ${JSON.stringify(name)}, and ${NAMES} are supported`)
  }
}

function layerActivation (layer: FlatLayer, className: string, parameters: Parameters, shape: Shape): NonLinearity {
  switch (className) {
    case 'ELU': return { function: 'elu', alpha: numberOf(layer, 'alpha', parameters.alpha ?? 1) }
    case 'LeakyReLU': return {
      function: 'leakyRelu', slope: numberOf(layer, 'slope', parameters.negative_slope ?? parameters.alpha ?? LAYER_SLOPE)
    }
    case 'Softmax':
      demandLastAxis(layer, parameters.axis, shape)
      return { function: 'softmax' }
    default: {
      demand(layer, 'threshold', parameters.threshold, 0)
      const slope = numberOf(layer, 'negative_slope', parameters.negative_slope ?? 0)
      const maximum = (parameters.max_value ?? null) === null ? undefined : positive(layer, 'max_value', parameters.max_value)
      if (slope === 0) return { function: 'relu', ...maximum === undefined ? {} : { maximum } }
      return maximum === undefined ? { function: 'leakyRelu', slope } : { function: 'cappedLeakyRelu', slope, maximum }
    }
  }
}

/** Held between 0 and a maximum, which is a ReLU. */
function clipped (layer: FlatLayer, parameters: Parameters): NonLinearity {
  demand(layer, 'a lower bound of', parameters.x_min ?? parameters.clip_value_min ?? 'nothing', 0)
  return { function: 'relu', maximum: positive(layer, 'an upper bound of', parameters.x_max ?? parameters.clip_value_max) }
}

function positive (layer: FlatLayer, setting: string, value: unknown): number {
  const number = numberOf(layer, setting, value)
  return number > 0 ? number : refuse(layer, `has ${setting} ${number}, and more than 0 is needed`)
}

function numberOf (layer: FlatLayer, setting: string, value: unknown): number {
  // Some versions write NumPy's numbers as objects.
  const plain = typeof value === 'object' && value !== null && 'value' in value ? value.value : value
  if (typeof plain === 'number' && Number.isFinite(plain)) return plain
  return refuse(layer, `has ${setting} ${JSON.stringify(value)}, and a number is needed`)
}
