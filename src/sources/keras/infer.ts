import { parseArchitecture, type Architecture } from '../../model/architecture.js'
import type { StoredModel } from '../files/index.js'
import type { Rescaling } from '../../model/input.js'
import type { Layer, Network } from '../../model/network.js'
import { xceptionNetwork } from '../../model/presets/xception.js'
import { WeightsError } from '../../model/weights.js'
import { bindLayer, type Binding } from './binding.js'
import type { OutputKind } from './ending.js'
import { allowed } from './names.js'
import { storedLeaves, type KindedLeaf } from './stored-leaves.js'

const SEPARABLE_NAME = /^block(\d+)_sepconv(\d+)$/
const WHOLE_MODEL = 'save the whole model with model.save, which says how it is built'

/** See `withFeatures`. */
const FEATURES_ONLY: Architecture['head'] = [{ type: 'globalAveragePooling' }, { type: 'activation', activation: 'softmax' }]

/** What the user says of the end: what several units are, and whether there may be none. */
interface Ending {
  readonly output?: OutputKind
  readonly withoutClassifier?: boolean
}

export interface Inferred {
  readonly network: Network
  readonly bindings: readonly Binding[]
}

/**
 * Tells a network from the shapes of its weights alone, for files without a configuration. What shapes do not tell is as Keras
 * publishes it: the stem's strides and padding, global average pooling, and softmax (sigmoid for one unit).
 * Throws a WeightsError if the weights are not Xception's with one Dense layer, or do not fit together.
 */
export function infer (stored: StoredModel, inputSize: number, rescaling: Rescaling, ending: Ending): Inferred {
  const leaves = storedLeaves(stored)
  const network = built(architectureOf(leaves, inputSize, ending), rescaling)
  return { network, bindings: assign(network.layers, leaves) }
}

function built (architecture: Architecture, rescaling: Rescaling): Network {
  try {
    return xceptionNetwork(parseArchitecture(architecture), rescaling)
  } catch (error) {
    throw new WeightsError(`the file's network cannot be built: ${(error as Error).message.replace(/^architecture: /, '')}`)
  }
}

function architectureOf (leaves: readonly KindedLeaf[], inputSize: number, ending: Ending): Architecture {
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
    head: headOf(leaves.filter(({ kind }) => kind === 'dense'), ending)
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

/** A name for the classifier like the file's that no other layer of the network has. */
function classifierName (name: string): string {
  const plain = allowed(name)
  return /^(block\d+_|input$|avg_pool$)/.test(plain) ? `head.${plain}` : plain
}

function headOf (dense: readonly KindedLeaf[], { output, withoutClassifier = false }: Ending): Architecture['head'] {
  const [classifier, ...others] = dense
  if (classifier === undefined && withoutClassifier) return FEATURES_ONLY
  if (classifier === undefined) {
    throw new WeightsError('the file has no classifier: it has the weights of a network without its top, and no Dense layer')
  }
  if (others.length > 0) {
    throw new WeightsError(
      `the file has only weights, and those of ${dense.length} Dense layers do not tell what stands between them: ${WHOLE_MODEL}`
    )
  }
  const units = filtersOf(classifier)
  if (units === 1 && output === 'softmax') {
    throw new WeightsError(`the layer ${classifier.name} gives one unit, whose softmax is always 1: leave the output setting out`)
  }
  const activation = units === 1 ? 'sigmoid' : output ?? 'softmax'
  return [{ type: 'globalAveragePooling' }, { type: 'dense', name: classifierName(classifier.name), units, activation }]
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
  const named = new Map(leaves.filter(({ name }) => names.has(name)).map((leaf) => [leaf.name, leaf]))
  const others = leaves.filter(({ name }) => !names.has(name))
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
      `the file has the layer ${left.name} (${left.kind}), for which Xception with one Dense layer has no place: ${WHOLE_MODEL}`
    )
  }
  return bindings
}

function take (leaves: KindedLeaf[], layer: Layer): KindedLeaf {
  const index = leaves.findIndex(({ kind }) => kind === layer.operation.kind)
  const [leaf] = index < 0 ? [] : leaves.splice(index, 1)
  if (leaf === undefined) throw new WeightsError(`expected a ${layer.operation.kind} for ${layer.name}, and the file has no more of them`)
  return leaf
}
