import { OperatorError } from '../../base/errors.js'
import { describeLayer, type Layer } from '../../model/network.js'

/** Throws an OperatorError that names the layer and what of it cannot be trained. */
export function refuse (layer: Layer, what: string): never {
  throw new OperatorError(`${describeLayer(layer)} cannot be trained: training does not know ${what}`)
}
