import type { Architecture } from '../../model/architecture.js'
import type { Layer } from '../../model/layers.js'
import { WeightsError } from '../../model/weights.js'
import { describe, refuse } from './refusal.js'
import type { FlatLayer } from './flatten.js'
import type { KerasNode, Network } from './network.js'

/** An architecture without its input and its head. */
export type Base = Omit<Architecture, 'inputSize' | 'head'>

/** The entry modules, the middle modules, the exit flow's; S is a separable convolution, P a max pooling. */
const SEQUENCE = /^((?:SSP)+)((?:SSS)*)SSPSS$/
const ENTRY_MODULE = 'SSP'.length
const MIDDLE_MODULE = 'SSS'.length

/**
 * Reads off the layers which member of the family a network is. That its layers are that network is `matchBase`'s to check.
 * Throws a WeightsError if their sequence is no Xception's.
 */
export function deriveBase ({ nodes }: Network): Base {
  const operations = nodes.map(({ operation }) => operation)
  const convolutions = operations.filter((operation) => operation.kind === 'convolution')
  const filters = operations.filter((operation) => operation.kind === 'separableConvolution').map((operation) => operation.filters)
  const sequence = operations.map(({ kind }) => kind === 'separableConvolution' ? 'S' : kind === 'maxPooling' ? 'P' : '').join('')
  const modules = SEQUENCE.exec(sequence)
  const [first, second] = convolutions
  const epsilon = operations.find((operation) => operation.kind === 'batchNormalization')?.epsilon
  if (modules === null || first === undefined || second === undefined || epsilon === undefined) {
    throw new WeightsError('the network is not an Xception: expected two convolutions, entry modules of two separable convolutions and a max pooling, ' +
      `middle modules of three separable convolutions, and an exit flow of two, a max pooling and two; found ${convolutions.length} convolutions, ` +
      `${filters.length} separable convolutions and ${sequence.length - filters.length} max poolings, in another order or number`)
  }
  const entryModules = (modules[1] ?? '').length / ENTRY_MODULE
  const repeats = (modules[2] ?? '').length / MIDDLE_MODULE
  return {
    stem: { filters: [first.filters, second.filters], strides: [first.stride, second.stride], padding: first.padding },
    ...flows(filters, entryModules, repeats),
    residual: operations.some(({ kind }) => kind === 'add'),
    // Keras's SeparableConv2D has nothing between its two steps.
    intermediateActivation: 'none',
    batchNormEpsilon: epsilon
  }
}

/** Splits the filters of the separable convolutions, in order, among the flows. */
export function flows (filters: readonly number[], entryModules: number, repeats: number): Pick<Base, 'entryFilters' | 'middle' | 'exitFilters'> {
  const at = (index: number): number => filters[index] ?? 0
  const middleStart = 2 * entryModules
  const exitStart = middleStart + MIDDLE_MODULE * repeats
  const entryFilters = Array.from({ length: entryModules }, (_, module) => at(2 * module + 1))
  return {
    entryFilters,
    middle: { filters: repeats > 0 ? at(middleStart) : entryFilters.at(-1) ?? 0, repeats },
    exitFilters: [at(exitStart), at(exitStart + 1), at(exitStart + 2), at(exitStart + 3)]
  }
}

export interface MatchedBase {
  /** The file's layer for each of the network's, by name. */
  readonly layers: ReadonlyMap<string, FlatLayer>
  /** The node that gives the last module's feature map. */
  readonly last: KerasNode
}

/**
 * Checks that what follows `start` is the network that `layers` (the walk of an architecture, head included) describes: each layer
 * computes the same and reads the same layers. Throws a WeightsError that says what was expected and what was found.
 */
export function matchBase (start: KerasNode, layers: readonly Layer[]): MatchedBase {
  const matched = new Map<string, KerasNode>()
  let last = start
  for (const layer of layers.filter(({ flow }) => flow !== 'head')) {
    if (layer.operation.kind !== 'input') last = findNode(layer, layer.inputs.map((name) => matched.get(name) ?? start))
    matched.set(layer.name, last)
  }
  const taken = new Set(matched.values())
  for (const node of taken) {
    const stray = node === last ? undefined : node.consumers.find((consumer) => !taken.has(consumer))
    if (stray !== undefined) refuse(stray.layer, `reads ${describe(node.layer)} and has no place in Xception`)
  }
  return { layers: new Map(Array.from(matched, ([name, { layer }]) => [name, layer])), last }
}

/** Among what reads the first input, exactly one is of each kind in an Xception. */
function findNode (layer: Layer, inputs: readonly KerasNode[]): KerasNode {
  const [input] = inputs
  if (input === undefined) throw new WeightsError(`${layer.name} reads nothing`)
  const node = input.consumers.find(({ operation }) => operation.kind === layer.operation.kind)
  if (node === undefined) {
    const found = input.consumers.map((consumer) => describe(consumer.layer)).join(' and ')
    throw new WeightsError(`after ${describe(input.layer)}, expected ${layer.name} (${summary(layer)}), and found ${found === '' ? 'nothing' : found}`)
  }
  const difference = differenceOf(layer, node, inputs)
  if (difference !== undefined) refuse(node.layer, `is not Xception's ${layer.name}: ${difference}`)
  return node
}

/** What a layer of the file has that differs, as text; undefined where it is the layer that is expected. */
function differenceOf (layer: Layer, node: KerasNode, inputs: readonly KerasNode[]): string | undefined {
  const expected = numbersOf(layer)
  const found: Readonly<Record<string, unknown>> = { ...node.operation }
  for (const [key, value] of Object.entries(expected)) {
    if (value !== found[key]) return `expected ${key} ${String(value)}, found ${String(found[key])}`
  }
  if (node.inputs.length === inputs.length && inputs.every((input) => node.inputs.includes(input))) return undefined
  return `it reads ${node.inputs.map((input) => input.layer.name).join(' and ')}, expected ${inputs.map((input) => input.layer.name).join(' and ')}`
}

/** The numbers that must agree, called as `KerasOperation` calls them. */
function numbersOf ({ operation, outputShape }: Layer): Partial<Record<string, unknown>> {
  const filters = outputShape.at(-1)
  switch (operation.kind) {
    case 'convolution': return { filters, kernelSize: operation.kernelSize, stride: operation.stride, padding: operation.padding }
    case 'separableConvolution': return { filters, kernelSize: operation.kernelSize }
    case 'batchNormalization': return { epsilon: operation.epsilon }
    case 'activation': return { activation: operation.activation }
    case 'maxPooling': return { size: operation.size, stride: operation.stride }
    default: return {}
  }
}

function summary (layer: Layer): string {
  const numbers = Object.entries(numbersOf(layer)).map(([key, value]) => `${key} ${String(value)}`)
  return [layer.operation.kind, ...numbers].join(', ')
}
