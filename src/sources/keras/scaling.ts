import type { Rescaling } from '../../model/input.js'
import { refuse } from './refusal.js'
import type { FlatLayer } from './flatten.js'
import { onlyConsumer, type KerasNode } from './network.js'
import type { Statistics } from './scaling-operations.js'
import type { ChannelValues } from './values.js'

/** Keras divides by at least this (keras.config.epsilon). */
const SMALLEST_DEVIATION = 1e-7

export interface Scaling {
  /** Undefined where no layer scales. */
  readonly rescaling: Rescaling | undefined
  /** The node whose output the network proper reads. */
  readonly last: KerasNode
}

/**
 * Follows the layers that scale the input and composes them into one multiplication and one addition a channel, in float64.
 * `readStatistics` gives what an adapted Normalization keeps among its weights.
 */
export async function scalingFrom (input: KerasNode, readStatistics: (layer: FlatLayer) => Promise<Statistics>): Promise<Scaling> {
  let last = input
  let affine: Affine | undefined
  for (let node = onlyConsumer(last); node !== undefined; node = onlyConsumer(node)) {
    const step = await affineOf(node, readStatistics)
    if (step === undefined) break
    affine = affine === undefined ? step : compose(affine, step)
    last = node
  }
  return { rescaling: affine === undefined ? undefined : { scale: shortest(affine.scale), offset: shortest(affine.offset) }, last }
}

interface Affine {
  readonly scale: ChannelValues
  readonly offset: ChannelValues
}

async function affineOf ({ layer, operation }: KerasNode, readStatistics: (layer: FlatLayer) => Promise<Statistics>): Promise<Affine | undefined> {
  if (operation.kind === 'affine') return operation
  if (operation.kind !== 'normalization') return undefined
  const { mean, variance } = operation.statistics ?? await readStatistics(layer)
  if (variance.some((value) => value < 0)) refuse(layer, 'has a negative variance')
  const deviation = perChannel((channel) => Math.max(Math.sqrt(variance[channel]), SMALLEST_DEVIATION))
  return operation.invert
    ? { scale: deviation, offset: mean }
    : { scale: perChannel((channel) => 1 / deviation[channel]), offset: perChannel((channel) => (0 - mean[channel]) / deviation[channel]) }
}

function compose (first: Affine, second: Affine): Affine {
  return {
    scale: perChannel((channel) => first.scale[channel] * second.scale[channel]),
    offset: perChannel((channel) => first.offset[channel] * second.scale[channel] + second.offset[channel])
  }
}

function perChannel (compute: (channel: 0 | 1 | 2) => number): ChannelValues {
  return [compute(0), compute(1), compute(2)]
}

/** One number where all channels have the same. */
function shortest (values: ChannelValues): number | ChannelValues {
  return values.every((value) => value === values[0]) ? values[0] : values
}
