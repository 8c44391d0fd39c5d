import type { InputFacts } from '../../model/input.js'
import { arithmeticOf } from './affine.js'
import type { FlatLayer } from './flatten.js'
import type { KerasNode } from './graph.js'
import type { Pair } from './settings.js'
import { resizingOf } from './sizes.js'

/** A layer that resizes the picture, which the decoder can do. */
export interface PictureResizing {
  readonly layer: FlatLayer
  readonly size: Pair
  readonly decoding: Pick<InputFacts, 'fit' | 'cropFraction' | 'kernel' | 'pixels'>
}

/**
 * The layer that resizes a picture of any size before anything else is made of it. It may stand behind a scaling of its numbers, which
 * gives the same behind it. Throws a WeightsError if it is of a kind that is not supported.
 */
export function decodedResizing (input: KerasNode): PictureResizing | undefined {
  let node = input
  for (;;) {
    const [next, ...others] = node.consumers
    if (next === undefined || others.length > 0 || next.inputs.length > 1) return undefined
    const resizing = resizingOf(next.layer)
    if (resizing !== undefined) {
      const { size, method, keepsRatio } = resizing
      const fit = keepsRatio ? { fit: 'crop', cropFraction: 1 } as const : {}
      return { layer: next.layer, size, decoding: { ...fit, kernel: method, pixels: 'float32' } }
    }
    if (!scales(next.layer)) return undefined
    node = next
  }
}

function scales (layer: FlatLayer): boolean {
  if (layer.className === 'Rescaling' || layer.className === 'Normalization') return true
  return arithmeticOf(layer) !== undefined && layer.operands.some((operand) => 'constant' in operand)
}
