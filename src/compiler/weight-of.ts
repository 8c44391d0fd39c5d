import { describeLayer, type Layer } from '../model/network.js'
import type { Tensor, Weights } from '../model/weights.js'

/** Looks up one weight of a layer, which `checkWeights` found to be there and to fit. */
export function weightOf (layer: Layer, role: string, weights: Weights): Tensor {
  const name = layer.weights.find((weight) => weight.role === role)?.name
  const tensor = name === undefined ? undefined : weights.get(name)
  if (tensor === undefined) throw new Error(`${describeLayer(layer)} has no weight called ${role}`)
  return tensor
}
