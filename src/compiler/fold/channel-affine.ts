import { channelsOf } from '../../model/shapes.js'
import type { Layer } from '../../model/network.js'
import type { Weights } from '../../model/weights.js'
import { weightOf } from '../weight-of.js'

/** What is done to each channel, in float64: x * scale + shift. */
export interface ChannelAffine {
  readonly scale: Float64Array
  readonly shift: Float64Array
}

/** What a batch normalization at inference, or arithmetic with constants, does to each channel; undefined for other layers. */
export function affineOf (layer: Layer, weights: Weights): ChannelAffine | undefined {
  const { operation } = layer
  const channels = channelsOf(layer.outputShape)
  if (operation.kind === 'affine') return { scale: perChannel(operation.scale, channels), shift: perChannel(operation.offset, channels) }
  if (operation.kind !== 'batchNormalization') return undefined
  const statistic = (role: string): Float32Array => weightOf(layer, role, weights).data
  const [mean, variance] = [statistic('moving_mean'), statistic('moving_variance')]
  const gamma = operation.scale ? statistic('gamma') : undefined
  const beta = operation.center ? statistic('beta') : undefined
  const scale = Float64Array.from(variance, (value, channel) => (gamma?.[channel] ?? 1) / Math.sqrt(value + operation.epsilon))
  return { scale, shift: scale.map((value, channel) => (beta?.[channel] ?? 0) - at(mean, channel) * value) }
}

/** First `inner`, then `outer`. */
export function compose (outer: ChannelAffine, inner: ChannelAffine): ChannelAffine {
  return {
    scale: inner.scale.map((value, channel) => value * at(outer.scale, channel)),
    shift: inner.shift.map((value, channel) => value * at(outer.scale, channel) + at(outer.shift, channel))
  }
}

/** A kernel [positions, inputs of a group, filters]; the filters of a group lie side by side. */
export interface Kernel {
  readonly positions: number
  readonly groups: number
  readonly filters: number
  readonly values: ArrayLike<number>
  /** One number a filter; none is all zeros. */
  readonly bias?: ArrayLike<number> | undefined
}

/** A kernel that does what `before` (on its input channels), `kernel` and `after` (on its filters) do one after the other, in float64. */
export function absorb (
  kernel: Kernel, before: ChannelAffine | undefined, after: ChannelAffine | undefined
): { readonly values: Float64Array, readonly bias: Float64Array } {
  const { filters, groups, values } = kernel
  const inputs = values.length / kernel.positions / filters
  const bias = Float64Array.from({ length: filters }, (_, filter) => kernel.bias?.[filter] ?? 0)
  const result = new Float64Array(values.length)
  for (let row = 0; row < values.length / filters; row++) {
    for (let filter = 0; filter < filters; filter++) {
      const index = row * filters + filter
      const value = values[index] as number
      const channel = Math.floor(filter / (filters / groups)) * inputs + row % inputs
      result[index] = value * (before?.scale[channel] ?? 1) * (after?.scale[filter] ?? 1)
      if (before !== undefined) bias[filter] = at(bias, filter) + value * at(before.shift, channel)
    }
  }
  if (after === undefined) return { values: result, bias }
  return { values: result, bias: bias.map((value, filter) => value * at(after.scale, filter) + at(after.shift, filter)) }
}

function perChannel (numbers: number | readonly number[], channels: number): Float64Array {
  return typeof numbers === 'number' ? new Float64Array(channels).fill(numbers) : Float64Array.from(numbers)
}

/** An element that is known to be there. */
function at (numbers: ArrayLike<number>, index: number): number {
  return numbers[index] as number
}
