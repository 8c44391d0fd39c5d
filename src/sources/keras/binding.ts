import type { Layer, Network } from '../../model/network.js'
import { WeightsError, sizeOf, type Tensor, type Weights } from '../../model/weights.js'
import type { StoredWeight } from '../files/index.js'
import type { Kept, Origin } from './emitter.js'
import type { Locate } from './locate.js'
import { describe } from './refusal.js'
import { rolesOf } from './roles.js'

/** One weight of the network, and where its values come from. */
export interface Binding {
  /** The network's key for it. */
  readonly name: string
  readonly shape: readonly number[]
  /** A weight of the file, or the value of all numbers of a weight that the file's layer does without. */
  readonly source: StoredWeight | number
}

/** Values of the weights that a file without a configuration may lack: a dense layer's bias. */
const DEFAULTS: ReadonlyMap<string, number> = new Map([['bias', 0]])

/**
 * Binds the weights of a network to those that the file keeps for the layers that it was made from. Throws a WeightsError if one does not
 * fit.
 */
export function bindNetwork ({ layers }: Network, origins: ReadonlyMap<string, Origin>, locate: Locate): Binding[] {
  return layers.filter(({ weights }) => weights.length > 0).flatMap((layer) => {
    const origin = origins.get(layer.name)
    if (origin === undefined) throw new WeightsError(`the layer ${layer.name} has weights and is none of the file's`)
    return bindLayer(layer, rolesOf(origin.layer), locate(origin.layer), describe(origin.layer), origin.kept)
  })
}

/**
 * Gives each weight of a layer of the network the file's weight of the same role, or of the one that `kept` says.
 * `described` is the file's layer, for errors. Throws a WeightsError that says what shape was expected and what was found.
 */
export function bindLayer (
  layer: Layer, roles: readonly string[], weights: readonly StoredWeight[], described: string, kept: Readonly<Record<string, Kept>> = {}
): Binding[] {
  return layer.weights.map(({ name, role: ownRole, shape: ownShape }) => {
    const { role, shape } = kept[ownRole] ?? { role: ownRole, shape: ownShape }
    const weight = weights[roles.indexOf(role)]
    if (weight === undefined) {
      const value = roles.includes(role) ? undefined : DEFAULTS.get(role)
      if (value === undefined) throw new WeightsError(`${described} has no ${role} in the file`)
      return { name, shape: ownShape, source: value }
    }
    if (weight.shape.join() !== shape.join()) {
      throw new WeightsError(`${described}: expected ${role} of shape [${shape.join(', ')}], found [${weight.shape.join(', ')}]`)
    }
    return { name, shape: ownShape, source: weight }
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
