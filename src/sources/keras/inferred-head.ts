import { HIDDEN_ACTIVATIONS, type HiddenActivation, type PoolingName } from '../../model/head-settings.js'
import { networkOf, statementsOf } from '../../model/network-builder.js'
import type { LayerStatement, Network, Operation } from '../../model/network.js'
import { WeightsError, sizeOf } from '../../model/weights.js'
import type { OutputKind } from './ending.js'
import { allowed } from './names.js'
import type { KindedLeaf } from './stored-leaves.js'

/** What the user says of the end of a file that has only weights. */
export interface HeadHints {
  readonly output?: OutputKind
  /** Between the feature map and the first Dense layer; by its shape, else average, where it is left out. */
  readonly pooling?: PoolingName
  /** Between Dense layers. */
  readonly headActivation?: HiddenActivation
}

export interface Headed {
  readonly network: Network
  /** What was assumed, one sentence each that continues the file's name. */
  readonly notes: readonly string[]
}

const POOLING_LAYERS: Readonly<Record<PoolingName, { readonly name: string, readonly operation: Operation }>> = {
  avg: { name: 'avg_pool', operation: { kind: 'globalAveragePooling', keepDimensions: false } },
  max: { name: 'max_pool', operation: { kind: 'globalMaxPooling', keepDimensions: false } },
  flatten: { name: 'head1_flatten', operation: { kind: 'flatten' } }
}

/**
 * The layers of a base, and behind them a pooling and the Dense layers that a file has weights of. Throws a WeightsError if these do not
 * follow from each other, or if nothing says what stands between them.
 */
export function withHead (base: Network, dense: readonly KindedLeaf[], hints: HeadHints): Headed {
  if (dense.length > 1 && hints.headActivation === undefined) {
    throw new WeightsError(
      `the file has only weights, and those of ${dense.length} Dense layers do not tell what stands between them: ` +
      `say it with HEAD_ACTIVATION (${Object.keys(HIDDEN_ACTIVATIONS).join(', ')}), put the configuration beside the file as config.json ` +
      '(model.to_json() gives it), or save the whole model with model.save'
    )
  }
  const map = base.layers.at(-1)
  if (map === undefined) throw new WeightsError('the file has no layers')
  const { pooling, isAssumed } = poolingOf(map.outputShape, dense, hints.pooling)
  const statements: LayerStatement[] = []
  const add = (name: string, operation: Operation): void => {
    statements.push({ name, operation, inputs: [statements.at(-1)?.name ?? map.name], flow: 'head' })
  }
  add(POOLING_LAYERS[pooling].name, POOLING_LAYERS[pooling].operation)
  const chain = inChain(dense)
  for (const [index, leaf] of chain.entries()) {
    const name = denseName(leaf.name)
    const units = unitsOf(leaf)
    add(name, { kind: 'dense', units, bias: true })
    const hidden = HIDDEN_ACTIVATIONS[hints.headActivation ?? 'linear']
    if (index === chain.length - 1) {
      const ending = endingOf(leaf, units, hints.output)
      add(`${name}_${ending}`, { kind: 'activation', activation: { function: ending } })
    } else if (hidden !== undefined) add(`${name}_${hidden.function}`, { kind: 'activation', activation: hidden })
  }
  return {
    network: networkOf(base.input, [...statementsOf(base), ...statements]),
    notes: isAssumed
      ? ['has only weights, which do not tell how its feature map is pooled: its average is taken, or what POOLING says (max)']
      : []
  }
}

function poolingOf (
  shape: readonly number[], [first]: readonly KindedLeaf[], wanted: PoolingName | undefined
): { readonly pooling: PoolingName, readonly isAssumed: boolean } {
  if (first === undefined) throw new WeightsError('the file has no classifier')
  const [reads, channels, all] = [rowsOf(first), shape.at(-1) ?? 0, sizeOf(shape)]
  // Keras's own size of the input need not be the one that is set: then only pooling fits.
  const pooling = wanted ?? (reads === all && all !== channels ? 'flatten' : 'avg')
  const expected = pooling === 'flatten' ? all : channels
  if (reads !== expected) {
    throw new WeightsError(
      `the layer ${first.name} reads ${reads} numbers, and the feature map of ${shape.join('x')} has ${channels} when it is pooled ` +
      `and ${all} when it is flattened${wanted === undefined ? ': INPUT_SIZE may be another one' : `: POOLING=${wanted} does not fit`}`
    )
  }
  return { pooling, isAssumed: wanted === undefined && pooling === 'avg' && all !== channels }
}

/** The Dense layers in the file's order if each reads what the one before gives, else in the order in which they do. */
function inChain (dense: readonly KindedLeaf[]): KindedLeaf[] {
  const [first, ...others] = dense
  if (first === undefined) return []
  const chain = [first]
  while (others.length > 0) {
    const width = unitsOf(chain.at(-1) ?? first)
    const index = others.findIndex((leaf) => rowsOf(leaf) === width)
    const [next] = index < 0 ? [] : others.splice(index, 1)
    if (next === undefined) {
      const left = others.map((leaf) => `${leaf.name} reads ${rowsOf(leaf)}`).join(', ')
      throw new WeightsError(`the file's Dense layers do not follow from each other: one gives ${width} numbers, and ${left}`)
    }
    chain.push(next)
  }
  return chain
}

function endingOf (leaf: KindedLeaf, units: number, output: OutputKind | undefined): OutputKind {
  if (units > 1) return output ?? 'softmax'
  if (output === 'softmax') {
    throw new WeightsError(`the layer ${leaf.name} gives one unit, whose softmax is always 1: leave the output setting out`)
  }
  return 'sigmoid'
}

/** A name for a Dense layer like the file's that no other layer of the network has. */
export function denseName (name: string): string {
  const plain = allowed(name)
  return /^(block\d+_|input$|avg_pool$|max_pool$|head1_flatten$)/.test(plain) ? `head.${plain}` : plain
}

function rowsOf ({ weights: [kernel] }: KindedLeaf): number {
  return kernel?.shape[0] ?? 0
}

function unitsOf ({ weights: [kernel] }: KindedLeaf): number {
  return kernel?.shape[1] ?? 0
}
