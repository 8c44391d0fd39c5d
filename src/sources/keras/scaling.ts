import type { StoredWeight } from '../files/index.js'
import { affineOf, compose, type Affine } from './affine.js'
import type { FlatLayer } from './flatten.js'
import type { KerasNode } from './graph.js'

export interface Scaling {
  /** Undefined where no layer scales. */
  readonly rescaling: Affine | undefined
  /** The node whose output the network proper reads. */
  readonly last: KerasNode
}

/**
 * Follows the layers that scale the input and nothing else, and composes them into one multiplication and one addition a channel.
 * `channels` are the picture's, `weightsOf` gives what an adapted Normalization keeps among its weights.
 */
export async function scalingFrom (
  input: KerasNode, channels: number, weightsOf: (layer: FlatLayer) => readonly StoredWeight[]
): Promise<Scaling> {
  let last = input
  let rescaling: Affine | undefined
  for (;;) {
    const [next, ...others] = last.consumers
    if (next === undefined || others.length > 0 || next.inputs.length > 1) break
    const step = await affineOf(next.layer, channels, weightsOf)
    if (step === undefined) break
    rescaling = rescaling === undefined ? step : compose(rescaling, step)
    last = next
  }
  return { rescaling, last }
}
