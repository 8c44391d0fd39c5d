import { channelsOf } from '../../model/shapes.js'
import type { Layer, OperationOf } from '../../model/network.js'
import { inFloat32 } from './activations.js'
import type { Value, Values } from './values.js'

/* What is computed of the channels of each position, in float32, whatever the network computes in. */

/** Keras's, below which the sum of squares is not taken to be a length. */
const SMALLEST_SQUARE = 1e-12

/** The mean or the largest, as one channel. */
export function ofChannels (layer: Layer, op: 'Mean' | 'Max', input: Value, values: Values): Value {
  const { steps } = values
  const { name } = layer
  const step = inFloat32(name, input.step, input.type, steps, (value) => steps.reduceChannels(`${name}/${op}`, op, value, 'float32'))
  return { ...input, step, shape: layer.outputShape }
}

export function layerNormalization (layer: Layer, operation: OperationOf<'layerNormalization'>, input: Value, values: Values): Value {
  const { steps } = values
  const { name } = layer
  const step = inFloat32(name, input.step, input.type, steps, (value) => {
    const centred = steps.binary(`${name}/centred`, 'Sub', value, steps.reduceChannels(`${name}/mean`, 'Mean', value, 'float32'), 'float32')
    const square = steps.binary(`${name}/square`, 'Mul', centred, centred, 'float32')
    const variance = steps.reduceChannels(`${name}/variance`, 'Mean', square, 'float32')
    const stable = steps.withNumber(`${name}/stable`, 'AddV2', variance, operation.epsilon, 'float32')
    const normal = steps.binary(`${name}/normal`, 'Mul', centred, steps.unary(`${name}/rsqrt`, 'Rsqrt', stable, 'float32'), 'float32')
    const weight = (role: string): string => values.weight(layer, role, 'float32')
    const scaled = operation.scale ? steps.binary(`${name}/scaled`, 'Mul', normal, weight('gamma'), 'float32') : normal
    return operation.center ? steps.binary(`${name}/shifted`, 'AddV2', scaled, weight('beta'), 'float32') : scaled
  })
  return { ...input, step }
}

export function unitNormalization ({ name }: Layer, input: Value, values: Values): Value {
  const { steps } = values
  const step = inFloat32(name, input.step, input.type, steps, (value) => {
    const sum = steps.reduceChannels(`${name}/sum`, 'Sum', steps.binary(`${name}/square`, 'Mul', value, value, 'float32'), 'float32')
    const least = steps.withNumber(`${name}/least`, 'Maximum', sum, SMALLEST_SQUARE, 'float32')
    return steps.binary(`${name}/unit`, 'Mul', value, steps.unary(`${name}/rsqrt`, 'Rsqrt', least, 'float32'), 'float32')
  })
  return { ...input, step }
}

/** The positive part, and alpha times the rest. */
export function parametricRelu (layer: Layer, { alpha }: OperationOf<'parametricRelu'>, input: Value, values: Values): Value {
  const { steps } = values
  const { name } = layer
  const isOfChannels = alpha.slice(0, -1).every((side) => side === 1)
  const value = isOfChannels ? input : values.spatial(input)
  const { step, type } = value
  const positive = steps.unary(`${name}/positive`, 'Relu', step, type)
  const negative = steps.binary(`${name}/negative`, 'Sub', step, positive, type)
  const slope = values.weight(layer, 'alpha', type, isOfChannels ? [channelsOf(alpha)] : alpha)
  const sloping = steps.binary(`${name}/sloping`, 'Mul', negative, slope, type)
  return { ...value, step: steps.binary(name, 'AddV2', positive, sloping, type) }
}
