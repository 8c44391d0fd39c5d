import { endingOf, type Layer } from '../../model/network.js'

/** Probabilities of several classifiers together. */
export interface Mixture {
  readonly of: 'softmax' | 'sigmoid'
  /** What the shares of all classifiers sum to: 1 where the result is probabilities, too. */
  readonly total: number
}

/**
 * What the last layer gives where it adds up shares of softmaxes or of sigmoids, as an average of several classifiers does; undefined where
 * it gives something else.
 */
export function mixtureOf (layers: readonly Layer[]): Mixture | undefined {
  const known = new Map<string, Mixture | undefined>()
  for (const layer of layers) known.set(layer.name, mixtureAfter(layer, layer.inputs.map((input) => known.get(input))))
  return known.get(layers.at(-1)?.name ?? '')
}

function mixtureAfter (layer: Layer, inputs: ReadonlyArray<Mixture | undefined>): Mixture | undefined {
  const { operation, outputShape } = layer
  const [first] = inputs
  const ending = endingOf(layer)
  if (ending !== undefined) return outputShape.length === 1 ? { of: ending, total: 1 } : undefined
  switch (operation.kind) {
    case 'affine': {
      const { scale, offset } = operation
      const isShare = typeof scale === 'number' && scale > 0 && offset === 0
      return first === undefined || !isShare ? undefined : { of: first.of, total: first.total * scale }
    }
    case 'add': return inputs.reduce((sum, one) => (
      sum === undefined || one === undefined || sum.of !== one.of ? undefined : { of: sum.of, total: sum.total + one.total }
    ))
    case 'reshape': case 'flatten': return outputShape.length === 1 ? first : undefined
    default: return undefined
  }
}
