import type { Layer, OperationOf } from '../../model/network.js'
import { channelsOf } from '../../model/shapes.js'
import type { Differentiable, Pass, Value } from './pass.js'
import { refuse } from './refusal.js'

/** The sum of two or more maps of one shape. */
export function sum (layer: Layer, inputs: readonly Value[], pass: Pass): Differentiable {
  if (inputs.some(({ shape }) => shape.join() !== layer.outputShape.join())) refuse(layer, 'sums of different shapes')
  const { type } = first(inputs)
  const channels = Math.max(...inputs.map((input) => input.channels))
  const terms = inputs.map((input) => pass.withChannels(pass.ofType(input, type), channels).step)
  const step = terms.reduce((left, right) => pass.steps.binary(layer.name, 'AddV2', left, right, type))
  const value: Value = { step, shape: layer.outputShape, channels, type }
  return {
    value,
    backward: (gradient) => {
      inputs.forEach((input, index) => { pass.handBack(layer, type, () => pass.rechanneled(gradient, value, input.channels), index) })
    }
  }
}

/** Channels of two or more maps, one after the other. */
export function concatenation (layer: Layer, inputs: readonly Value[], pass: Pass): Differentiable {
  const { type } = first(inputs)
  const compact = inputs.map((input) => compacted(pass.ofType(input, type), pass))
  const step = pass.steps.concat(layer.name, compact.map((input) => input.step), type, layer.outputShape.length)
  const value: Value = { step, shape: layer.outputShape, channels: channelsOf(layer.outputShape), type }
  return {
    value,
    backward: (gradient) => {
      let start = 0
      compact.forEach((input, index) => {
        const begin = start
        start += input.channels
        pass.handBack(layer, type, () => {
          const part = channelsFrom(`${layer.name}/by_input_${index}`, { ...value, step: gradient }, begin, input.channels, pass)
          return pass.rechanneled(part, input, inputs[index]?.channels ?? input.channels)
        }, index)
      })
    }
  }
}

export function channelSlice (layer: Layer, { start, end }: OperationOf<'channelSlice'>, input: Value, pass: Pass): Differentiable {
  const { type, shape } = input
  const others = shape.slice(1).map((): readonly [number, number] => [0, 0])
  return {
    value: { step: channelsFrom(layer.name, input, start, end - start, pass), shape: layer.outputShape, channels: end - start, type },
    backward: (gradient) => {
      const amounts = [[0, 0] as const, ...others, [start, input.channels - end] as const]
      pass.handBack(layer, type, () => pass.steps.pad(`${layer.name}/by_input`, gradient, type, amounts))
    }
  }
}

export function zeroPadding (layer: Layer, operation: OperationOf<'zeroPadding'>, input: Value, pass: Pass): Differentiable {
  const { top, bottom, left, right } = operation
  const { step, type, shape, channels } = input
  const size = [-1, ...shape.slice(0, -1), channels]
  const padded = pass.steps.pad(layer.name, step, type, [[0, 0], [top, bottom], [left, right], [0, 0]])
  return {
    value: { ...input, step: padded, shape: layer.outputShape },
    backward: (gradient) => {
      pass.handBack(layer, type, () => pass.steps.slice(`${layer.name}/by_input`, gradient, type, [0, top, left, 0], size))
    }
  }
}

/** The same values under another shape. */
export function reshaped (layer: Layer, input: Value, pass: Pass): Differentiable {
  const { name, outputShape: shape } = layer
  const { type } = input
  const compact = compacted(input, pass)
  return {
    value: { step: pass.steps.reshape(name, compact.step, type, [-1, ...shape]), shape, channels: channelsOf(shape), type },
    backward: (gradient) => {
      pass.handBack(layer, type, () => {
        const byCompact = pass.steps.reshape(`${name}/by_input`, gradient, type, [-1, ...compact.shape])
        return pass.rechanneled(byCompact, compact, input.channels)
      })
    }
  }
}

/** Without channels that mean nothing. */
function compacted (value: Value, pass: Pass): Value {
  return pass.withChannels(value, channelsOf(value.shape))
}

function channelsFrom (name: string, { step, shape, type }: Value, start: number, size: number, { steps }: Pass): string {
  const others = shape.slice(1)
  return steps.slice(name, step, type, [0, ...others.map(() => 0), start], [-1, ...others.map(() => -1), size])
}

function first (inputs: readonly Value[]): Value {
  const [value] = inputs
  if (value === undefined) throw new Error('a join reads nothing')
  return value
}
