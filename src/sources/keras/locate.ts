import type { StoredModel, StoredWeight } from '../files/index.js'
import { WeightsError } from '../../model/weights.js'
import { refuse } from './refusal.js'
import type { FlatLayer } from './flatten.js'
import { leavesOf, pickRoles } from './leaves.js'
import { rolesOf } from './roles.js'

/**
 * The weights that a file holds for one layer of its configuration, in the order of `rolesOf`. Throws a WeightsError if it holds others.
 */
export type Locate = (layer: FlatLayer) => readonly StoredWeight[]

/** Weights that training changes; the others are statistics. */
const TRAINED = new Set(['kernel', 'bias', 'depthwise_kernel', 'pointwise_kernel', 'gamma', 'beta', 'alpha'])

/** How the weights of a file with a configuration are found; `layers` are all layers of the model. */
export function locator (stored: StoredModel, layers: readonly FlatLayer[]): Locate {
  switch (stored.kind) {
    case 'hdf5-model': case 'hdf5-weights': return legacyLocator(stored, layers)
    case 'keras-archive': case 'keras3-weights': return archiveLocator(stored, layers)
    case 'tfjs-layers': case 'safetensors': case 'torch': return nameLocator(stored)
    case 'saved-model': throw new Error('a graph says itself where its weights are')
  }
}

/**
 * A group a top-level layer. A nested model's group holds the weights of all its layers: they are told apart by name, or else by Keras's
 * order.
 */
function legacyLocator ({ layers: groups }: StoredModel, layers: readonly FlatLayer[]): Locate {
  const byGroup = new Map<string, Locate>()
  const members = new Map<string, FlatLayer[]>()
  // A layer that is called several times has its weights once.
  for (const layer of new Map(layers.map((one) => [one.place.namePath, one])).values()) {
    const others = members.get(layer.place.topLevel)
    if (others === undefined) members.set(layer.place.topLevel, [layer])
    else others.push(layer)
  }
  return (layer) => {
    const { topLevel } = layer.place
    const known = byGroup.get(topLevel)
    if (known !== undefined) return known(layer)
    const group = groups.find(({ path }) => path === topLevel)
    if (group === undefined) refuse(layer, `has no weights in the file, which has no group ${topLevel}`)
    const locate = groupLocator(group.weights, members.get(topLevel) ?? [])
    byGroup.set(topLevel, locate)
    return locate(layer)
  }
}

function groupLocator (weights: readonly StoredWeight[], layers: readonly FlatLayer[]): Locate {
  const members = layers.map((layer) => ({ layer, roles: rolesOf(layer) })).filter(({ roles }) => roles.length > 0)
  const [only, ...others] = members
  if (only !== undefined && others.length === 0) return (layer) => picked(layer, weights)
  const leaves = new Map(leavesOf(weights).map((leaf) => [leaf.name, leaf.weights]))
  if (members.every(({ layer }) => leaves.has(layer.name))) return (layer) => picked(layer, leaves.get(layer.name) ?? [])
  const slots = keras2Order(members)
  if (slots.length !== weights.length) {
    throw new WeightsError(
      `the group ${layers[0]?.place.topLevel ?? ''} holds ${weights.length} weights, and its layers have ${slots.length}`
    )
  }
  const inOrder = new Map(slots.map((slot, index) => [slot, weights[index]]))
  return (layer) => rolesOf(layer).flatMap((role) => inOrder.get(`${layer.place.namePath} ${role}`) ?? [])
}

/** A model's weights as Keras lists them: what is trained of all layers, then what is not. */
function keras2Order (members: ReadonlyArray<{ readonly layer: FlatLayer, readonly roles: readonly string[] }>): string[] {
  const slots = members.flatMap(({ layer, roles }) => roles.map((role) => ({
    slot: `${layer.place.namePath} ${role}`,
    trained: layer.config.trainable !== false && TRAINED.has(role)
  })))
  return [...slots.filter(({ trained }) => trained), ...slots.filter(({ trained }) => !trained)].map(({ slot }) => slot)
}

/** Keras 3 and the archives of Keras 2 number the layers of each container by class; some versions use the layers' names. */
function archiveLocator (stored: StoredModel, layers: readonly FlatLayer[]): Locate {
  const groups = new Map(stored.layers.map(({ path, weights }) => [path, weights]))
  const weighted = layers.filter((layer) => hasWeights(layer))
  const byClass = weighted.every(({ place }) => groups.has(place.classPath))
  const byName = !byClass && weighted.every(({ place }) => groups.has(place.namePath))
  return (layer) => {
    const path = byName ? layer.place.namePath : layer.place.classPath
    return picked(layer, groups.get(path) ?? refuse(layer, `has no weights in the file, which has no group ${path}`))
  }
}

function nameLocator (stored: StoredModel): Locate {
  const leaves = new Map(leavesOf(stored.layers.flatMap(({ weights }) => weights)).map((leaf) => [leaf.name, leaf.weights]))
  return (layer) => picked(layer, leaves.get(layer.name) ?? refuse(layer, 'has no weights in the file'))
}

function picked (layer: FlatLayer, weights: readonly StoredWeight[]): readonly StoredWeight[] {
  const roles = rolesOf(layer)
  return pickRoles(weights, roles) ?? refuse(
    layer, `needs the weights ${roles.join(', ')}, and the file has ${weights.map(({ name }) => name).join(', ')}`
  )
}

function hasWeights (layer: FlatLayer): boolean {
  return rolesOf(layer).length > 0
}
