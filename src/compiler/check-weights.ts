import { describeLayer, type Layer } from '../model/network.js'
import { WeightsError, type Weights } from '../model/weights.js'

/**
 * Holds weights against the layers that they are for: each layer's weights in the layer's shapes, and no others.
 * Throws a WeightsError that names the first one that does not fit, what was expected and what was found, or the first layer of which a
 * weight is no number.
 */
export function checkWeights (layers: readonly Layer[], weights: Weights): void {
  const specs = layers.flatMap((layer) => layer.weights)
  const known = new Set(specs.map(({ name }) => name))
  const problems = specs.flatMap(({ name, shape }) => {
    const found = weights.get(name)
    if (found === undefined) return [`the weight ${name} is missing, expected with shape ${list(shape)}`]
    if (list(found.shape) !== list(shape)) return [`the weight ${name} has shape ${list(found.shape)}, expected ${list(shape)}`]
    return []
  })
  for (const [name, { shape }] of weights) {
    if (!known.has(name)) problems.push(`the weight ${name} with shape ${list(shape)} belongs to no layer of the architecture`)
  }
  const [first, ...others] = problems
  if (first === undefined) return demandNumbers(layers, weights)
  throw new WeightsError(others.length === 0 ? first : `${first} (and ${others.length} more of the weights do not fit the architecture)`)
}

/** A training that diverged leaves NaN, and one value of it is in every answer. */
function demandNumbers (layers: readonly Layer[], weights: Weights): void {
  for (const layer of layers) {
    for (const { role, name } of layer.weights) {
      const bad = firstOtherThanNumber(weights.get(name)?.data ?? new Float32Array())
      if (bad === undefined) continue
      throw new WeightsError(`${describeLayer(layer)} has ${bad} among the numbers of its ${role}, so the model gives no probabilities: ` +
        'its training diverged, or the file is damaged')
    }
  }
}

function firstOtherThanNumber (data: Float32Array): number | undefined {
  // Methods that call a function for each take ten times as long.
  for (let index = 0; index < data.length; index++) if (!Number.isFinite(data[index])) return data[index]
  return undefined
}

function list (shape: readonly number[]): string {
  return `[${shape.join(', ')}]`
}
