import type { Layer, OperationOf, Padding, Sides } from '../../model/network.js'
import { withMargins } from './margins.js'
import type { Differentiable, Pass, Value } from './pass.js'
import { refuse } from './refusal.js'

interface Window { readonly size: Sides, readonly strides: Sides, readonly padding: Padding }

export function pooling (layer: Layer, operation: OperationOf<'maxPooling' | 'averagePooling'>, input: Value, pass: Pass): Differentiable {
  const { kind, size, strides, padding } = operation
  if (kind === 'averagePooling' && typeof padding === 'object') refuse(layer, 'margins of average pooling')
  return pooled(layer, kind === 'maxPooling' ? 'Max' : 'Avg', { size, strides, padding }, input, pass)
}

/** One window over the whole map, in float32, as the compiler has it. */
export function globalPooling (
  layer: Layer, operation: OperationOf<'globalAveragePooling' | 'globalMaxPooling'>, input: Value, pass: Pass
): Differentiable {
  const { name, outputShape } = layer
  const value = pass.ofType(input, 'float32')
  const [height, width = 1] = input.shape
  const size = [height, width] as const
  const op = operation.kind === 'globalMaxPooling' ? 'Max' : 'Avg'
  const { value: map, backward } = pooled(layer, op, { size, strides: size, padding: 'valid' }, value, pass)
  if (operation.keepDimensions) return { value: map, backward }
  return {
    value: { ...map, step: pass.steps.reshape(`${name}/vector`, map.step, map.type, [-1, map.channels]), shape: outputShape },
    backward: (gradient) => { backward(pass.steps.reshape(`${name}/map`, gradient, map.type, [-1, 1, 1, map.channels])) }
  }
}

/** Below what any layer gives, in each of the types. */
const LOWEST = -3e38

function pooled (layer: Layer, op: 'Max' | 'Avg', operation: Window, input: Value, pass: Pass): Differentiable {
  const { steps } = pass
  const { name } = layer
  const { type } = input
  const { step, shape, padding, within } = withMargins(layer, operation.padding, input, pass, LOWEST)
  const window = { size: operation.size, strides: operation.strides, padding }
  const given = steps.add(name, type, [step], { op: `${op}Pool`, ...window })
  const byInput = (gradient: string): string => {
    const dimensions = (): string => steps.integers(`${name}/input_shape`, [pass.batch, ...shape])
    const inputs = op === 'Max' ? [step, given, gradient] : [dimensions(), gradient]
    return within(steps.add(`${name}/by_input`, type, inputs, { op: `${op}PoolGrad`, ...window }))
  }
  return {
    value: { ...input, step: given, shape: layer.outputShape },
    backward: (gradient) => { pass.handBack(layer, type, () => byInput(gradient)) }
  }
}
