import type { Rescaling } from '../../model/input.js'
import type { StoredWeight } from '../files/index.js'
import { affineOf, compose } from './affine.js'
import type { FlatLayer } from './flatten.js'
import type { KerasNode } from './graph.js'
import { turnsChannels } from './slices.js'
import type { Affine, ChannelValues } from './values.js'

/** A picture's dimensions without the batch. */
const RANK = 3

export interface Scaling {
  /** Undefined where no layer scales. */
  readonly rescaling: Rescaling | undefined
  /** The node whose output the network proper reads. */
  readonly last: KerasNode
}

/**
 * Follows the layers that scale the input or turn its channels around, and composes them into one multiplication and one addition a
 * channel.
 * `channels` are the picture's, `weightsOf` gives what an adapted Normalization keeps among its weights.
 */
export async function scalingFrom (
  input: KerasNode, channels: number, weightsOf: (layer: FlatLayer) => readonly StoredWeight[]
): Promise<Scaling> {
  let last = input
  let affine: Affine | undefined
  let isTurned = false
  for (;;) {
    const [next, ...others] = last.consumers
    if (next === undefined || others.length > 0 || next.inputs.length > 1) break
    if (turnsChannels(next.layer, RANK)) {
      isTurned = !isTurned
      affine = affine === undefined ? IDENTITY : { scale: turned(affine.scale), offset: turned(affine.offset) }
    } else {
      const step = await affineOf(next.layer, channels, weightsOf)
      if (step === undefined) break
      affine = compose(affine ?? IDENTITY, step)
    }
    last = next
  }
  return { rescaling: affine === undefined || !isTurned ? affine : { ...affine, order: 'bgr' }, last }
}

const IDENTITY: Affine = { scale: 1, offset: 0 }

function turned (values: ChannelValues): ChannelValues {
  return typeof values === 'number' ? values : values.toReversed()
}
