import type { StoredWeight } from '../files/index.js'
import type { Layer } from '../../model/layers.js'
import { WeightsError, sizeOf, type Tensor, type Weights } from '../../model/weights.js'
import { roleOf } from './leaves.js'

/** One weight of the network, and where its values come from. */
export interface Binding {
  /** `<layer>/<weight>` as `layersOf` names it. */
  readonly name: string
  readonly shape: readonly number[]
  /** A weight of the file, or the value of all numbers of a weight that the file's layer does without. */
  readonly source: StoredWeight | number
}

/** Values of the weights that a Keras layer may do without: a batch normalization's scale and center, a dense layer's bias. */
const DEFAULTS: ReadonlyMap<string, number> = new Map([['gamma', 1], ['beta', 0], ['bias', 0]])

/**
 * Gives each weight of a layer of the network the file's weight of the same role.
 * `described` is the file's layer, for errors. Throws a WeightsError that says what shape was expected and what was found.
 */
export function bindLayer (layer: Layer, roles: readonly string[], weights: readonly StoredWeight[], described: string): Binding[] {
  return layer.weights.map(({ name, shape }) => {
    const role = roleOf(name)
    const weight = weights[roles.indexOf(role)]
    if (weight === undefined) {
      const value = roles.includes(role) ? undefined : DEFAULTS.get(role)
      if (value === undefined) throw new WeightsError(`${described} has no ${role} in the file`)
      return { name, shape, source: value }
    }
    if (weight.shape.join() !== shape.join()) {
      throw new WeightsError(`${described}: expected ${role} of shape [${shape.join(', ')}], found [${weight.shape.join(', ')}]`)
    }
    return { name, shape, source: weight }
  })
}

/** Reads the weights one after the other, so that only one of them is in the file's form at a time. */
export async function readBindings (bindings: readonly Binding[]): Promise<Weights> {
  const weights = new Map<string, Tensor>()
  for (const { name, shape, source } of bindings) {
    const data = typeof source === 'number' ? new Float32Array(sizeOf(shape)).fill(source) : await source.read()
    weights.set(name, { shape, data })
  }
  return weights
}
