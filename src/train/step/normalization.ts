import type { Layer, OperationOf } from '../../model/network.js'
import type { Differentiable, Pass, Value } from './pass.js'
import { channelsOf } from '../../model/shapes.js'
import type { Variable } from './variables.js'

/** The share of a moving statistic that a step keeps. */
const MOVING_MOMENTUM = 0.9

type Normalization = OperationOf<'batchNormalization'>

/** With the batch's own statistics; the moving ones follow them, in steps that `updates` takes. */
export function trainingNormalization (
  layer: Layer, { epsilon }: Normalization, input: Value, pass: Pass, updates: string[]
): Differentiable {
  const { steps } = pass
  const { name } = layer
  const value = pass.withChannels(input, pass.alignedCount(channelsOf(input.shape), input.type))
  const { step, channels, type } = value
  const { scale, offset } = scaleAndOffset(layer, channels, pass)
  const none = steps.numbers(`${name}/none`, 'float32', [0], new Float32Array(0))
  const normalized = steps.add(name, type, [step, scale, offset, none, none], { op: 'FusedBatchNormV3', epsilon, ofBatch: true })
  updates.push(
    follow(pass.variable(layer, 'moving_mean'), `${normalized}:1`, channels, pass),
    follow(pass.variable(layer, 'moving_variance'), `${normalized}:2`, channels, pass)
  )
  return {
    value: { ...value, step: normalized },
    backward: (gradient) => {
      const reserved = [3, 4, 5].map((output) => `${normalized}:${output}`)
      const back = steps.add(`${name}/gradient`, type, [gradient, step, scale, ...reserved], { op: 'FusedBatchNormGradV3', epsilon })
      const { scale: hasScale, center } = layer.operation as Normalization
      if (hasScale) pass.learn(layer, 'gamma', `${back}:1`, 'float32', [channels])
      if (center) pass.learn(layer, 'beta', `${back}:2`, 'float32', [channels])
      pass.handBack(layer, type, () => pass.rechanneled(back, value, input.channels))
    }
  }
}

/** With the moving statistics, as a network serves. */
export function servingNormalization (layer: Layer, { epsilon }: Normalization, input: Value, pass: Pass): Value {
  const { channels } = input
  const { scale, offset } = scaleAndOffset(layer, channels, pass)
  const statistics = ['moving_mean', 'moving_variance'].map((role) => pass.weight(layer, role, 'float32', [channels]))
  const step = pass.steps.add(layer.name, input.type, [input.step, scale, offset, ...statistics], { op: 'FusedBatchNormV3', epsilon })
  return { ...input, step }
}

function scaleAndOffset (layer: Layer, channels: number, pass: Pass): { scale: string, offset: string } {
  const { scale, center } = layer.operation as Normalization
  const constant = (what: string, number: number): string => (
    pass.steps.numbers(`${layer.name}/${what}`, 'float32', [channels], new Float32Array(channels).fill(number))
  )
  return {
    scale: scale ? pass.weight(layer, 'gamma', 'float32', [channels]) : constant('scale', 1),
    offset: center ? pass.weight(layer, 'beta', 'float32', [channels]) : constant('offset', 0)
  }
}

/** Moves a statistic towards the batch's. Returns the step to wait for. */
function follow ({ handle, value, shape }: Variable, ofBatch: string, channels: number, pass: Pass): string {
  const { steps } = pass
  const read = pass.resized(ofBatch, 'float32', [channels], shape)
  const away = steps.binary(`${handle}/away`, 'Sub', value, read, 'float32')
  const part = steps.withNumber(`${handle}/part`, 'Mul', away, 1 - MOVING_MOMENTUM, 'float32')
  return steps.add(`${handle}/follow`, 'float32', [handle, part], { op: 'AssignSubVariableOp' })
}
