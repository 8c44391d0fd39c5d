import { OperatorError } from '../../base/errors.js'
import { parseArchitecture, type Architecture } from '../../model/architecture.js'
import type { StoredModel } from '../files/index.js'
import type { Rescaling } from '../../model/input.js'
import type { Layer, Network } from '../../model/network.js'
import { xceptionNetwork } from '../../model/presets/xception.js'
import { WeightsError } from '../../model/weights.js'
import { bindLayer, type Binding } from './binding.js'
import { denseName, withHead, type HeadHints, type Headed } from './inferred-head.js'
import { storedLeaves, type KindedLeaf } from './stored-leaves.js'

const SEPARABLE_NAME = /^block(\d+)_sepconv(\d+)$/
const WHOLE_MODEL = 'save the whole model with model.save, which says how it is built'

/** See `withFeatures`. */
const FEATURES_ONLY: Architecture['head'] = [{ type: 'globalAveragePooling' }, { type: 'activation', activation: 'softmax' }]

/** What the user says of the end, and whether there may be none. */
interface Ending extends HeadHints {
  readonly withoutClassifier?: boolean
}

export interface NetworkOfWeights extends Headed {
  readonly bindings: readonly Binding[]
}

/**
 * Tells a network from the shapes of its weights alone, for files without a configuration. What shapes do not tell is as Keras
 * publishes it: the stem's strides and padding; of the head it is what the user says, else average pooling, and softmax (sigmoid for one
 * unit). Throws a WeightsError if the weights are not Xception's with Dense layers behind it, or do not fit together.
 */
export function networkOfWeights (stored: StoredModel, inputSize: number, rescaling: Rescaling, ending: Ending): NetworkOfWeights {
  const leaves = storedLeaves(stored)
  const features = built(architectureOf(leaves, inputSize), rescaling)
  const dense = leaves.filter(({ kind }) => kind === 'dense')
  if (dense.length === 0 && ending.withoutClassifier !== true) {
    throw new WeightsError('the file has no classifier: it has the weights of a network without its top, and no Dense layer')
  }
  const base = { ...features, layers: features.layers.slice(0, -FEATURES_ONLY.length) }
  const { network, notes } = dense.length === 0 ? { network: features, notes: [] } : withHead(base, dense, ending)
  return { network, notes, bindings: assign(network.layers, leaves) }
}

function built (architecture: Architecture, rescaling: Rescaling): Network {
  try {
    return xceptionNetwork(parseArchitecture(architecture), rescaling)
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error
    throw new WeightsError(`the file's network cannot be built: ${error.message.replace(/^architecture: /, '')}`)
  }
}

function architectureOf (leaves: readonly KindedLeaf[], inputSize: number): Architecture {
  const convolutions = leaves.filter(({ kind }) => kind === 'convolution')
  const separable = inBlockOrder(leaves.filter(({ kind }) => kind === 'separableConvolution'))
  const [first, second] = ['block1_conv1', 'block1_conv2'].map(
    (name, index) => leaves.find((leaf) => leaf.name === name) ?? convolutions[index]
  )
  if (first === undefined || second === undefined || separable.length === 0) {
    throw new WeightsError(
      `the file has ${convolutions.length} convolutions and ${separable.length} separable convolutions, which is no Xception`
    )
  }
  const shortcuts = convolutions.length - 2
  const entryModules = shortcuts > 0 ? shortcuts - 1 : entryModulesByName(separable)
  const repeats = (separable.length - 2 * entryModules - 4) / 3
  if (entryModules < 1 || repeats < 0 || !Number.isInteger(repeats)) {
    throw new WeightsError(`the file has ${shortcuts} residual convolutions and ${separable.length} separable convolutions, ` +
      'which is no Xception: ' +
      'n of the first go with 2n + 2 of the second and 3 for each middle module')
  }
  return {
    inputSize,
    stem: { filters: [filtersOf(first), filtersOf(second)], strides: [2, 1], padding: 'valid' },
    ...flows(separable.map((leaf) => filtersOf(leaf)), entryModules, repeats),
    residual: shortcuts > 0,
    intermediateActivation: 'none',
    batchNormEpsilon: 1e-3,
    head: FEATURES_ONLY
  }
}

/** Splits the filters of the separable convolutions, in order, among the flows. */
function flows (
  filters: readonly number[], entryModules: number, repeats: number
): Pick<Architecture, 'entryFilters' | 'middle' | 'exitFilters'> {
  const at = (index: number): number => filters[index] ?? 0
  const middleStart = 2 * entryModules
  const exitStart = middleStart + 3 * repeats
  const entryFilters = Array.from({ length: entryModules }, (_, module) => at(2 * module + 1))
  return {
    entryFilters,
    middle: { filters: repeats > 0 ? at(middleStart) : entryFilters.at(-1) ?? 0, repeats },
    exitFilters: [at(exitStart), at(exitStart + 1), at(exitStart + 2), at(exitStart + 3)]
  }
}

/** Without shortcuts to count, only names tell where a module ends: all modules but the middle ones have two separable convolutions. */
function entryModulesByName (separable: readonly KindedLeaf[]): number {
  const sizes = new Map<string, number>()
  for (const { name } of separable) {
    const block = SEPARABLE_NAME.exec(name)?.[1]
    if (block === undefined) {
      throw new WeightsError(
        `the file has only weights, without residual convolutions, and the name ${name} does not tell its module: ${WHOLE_MODEL}`
      )
    }
    sizes.set(block, (sizes.get(block) ?? 0) + 1)
  }
  return [...sizes.values()].filter((size) => size === 2).length - 2
}

function inBlockOrder (leaves: readonly KindedLeaf[]): readonly KindedLeaf[] {
  const order = leaves.map(({ name }) => SEPARABLE_NAME.exec(name))
  if (order.includes(null)) return leaves
  return leaves.map((leaf, index) => ({ leaf, block: Number(order[index]?.[1]), position: Number(order[index]?.[2]) }))
    .sort((left, right) => left.block - right.block || left.position - right.position)
    .map(({ leaf }) => leaf)
}

/** Channels that a layer gives: the last dimension of its last kernel. */
function filtersOf ({ roles, weights }: KindedLeaf): number {
  const kernel = weights[roles.findLastIndex((role) => role.endsWith('kernel'))]
  return kernel?.shape.at(-1) ?? 0
}

/** Each layer of the network takes the file's layer of its name, or the next of its kind that has no name of the network's. */
function assign (layers: readonly Layer[], leaves: readonly KindedLeaf[]): Binding[] {
  const weighted = layers.filter(({ weights }) => weights.length > 0)
  const names = new Set(weighted.map(({ name }) => name))
  const named = new Map(leaves.filter((leaf) => names.has(networkName(leaf))).map((leaf) => [networkName(leaf), leaf]))
  const others = leaves.filter((leaf) => !names.has(networkName(leaf)))
  const bindings = weighted.flatMap((layer) => {
    const leaf = named.get(layer.name) ?? take(others, layer)
    if (leaf.kind !== layer.operation.kind) {
      throw new WeightsError(`the layer ${leaf.name} has the weights of a ${leaf.kind}, and a ${layer.operation.kind} is expected`)
    }
    const described = leaf.name === layer.name ? `the layer ${layer.name}` : `the layer ${layer.name} (${leaf.name} in the file)`
    return bindLayer(layer, leaf.roles, leaf.weights, described)
  })
  const [left] = others
  if (left !== undefined) {
    throw new WeightsError(
      `the file has the layer ${left.name} (${left.kind}), for which Xception with Dense layers behind it has no place: ${WHOLE_MODEL}`
    )
  }
  return bindings
}

/** Dense layers have the names that they got from the file. */
function networkName ({ name, kind }: KindedLeaf): string {
  return kind === 'dense' ? denseName(name) : name
}

function take (leaves: KindedLeaf[], layer: Layer): KindedLeaf {
  const index = leaves.findIndex(({ kind }) => kind === layer.operation.kind)
  const [leaf] = index < 0 ? [] : leaves.splice(index, 1)
  if (leaf === undefined) throw new WeightsError(`expected a ${layer.operation.kind} for ${layer.name}, and the file has no more of them`)
  return leaf
}
