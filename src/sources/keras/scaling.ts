import { scaleNamed, type Rescaling } from '../../model/input.js'
import type { StoredWeight } from '../files/index.js'
import { affineOf, arithmeticOf, compose } from './affine.js'
import type { FlatLayer } from './flatten.js'
import type { KerasNode } from './graph.js'
import { preprocessOf, SCALING_LAMBDA } from './lambda.js'
import { refuse } from './refusal.js'
import { rolesOf } from './roles.js'
import { functionOf } from './settings.js'
import { channelIndex, isSlice, turnsChannels } from './slices.js'
import type { Affine, ChannelValues } from './values.js'

/** A picture's dimensions without the batch. */
const RANK = 3
const STACKS = new Set(['Stack', 'stack', 'Concatenate', 'concat'])
const SPLITS = new Set(['Split', 'split', 'Unstack', 'unstack'])

export interface Scaling {
  /** Undefined where no layer scales. */
  readonly rescaling: Rescaling | undefined
  /** The node whose output the network proper reads. */
  readonly last: KerasNode
}

export interface ScalingContext {
  /** Channels of the picture. */
  readonly channels: 1 | 3
  /** What an adapted Normalization keeps among its weights. */
  readonly weightsOf: (layer: FlatLayer) => readonly StoredWeight[]
  /** Names of nested models, by which a function is known that does not say whose it is. */
  readonly models: readonly string[]
  /** Whether the operator says what becomes of the pixels, so that it may take the place of Python code. */
  readonly isGiven: boolean
}

/** One step of the way: the channels turned around, and then scaled. */
interface Step { readonly turns: boolean, readonly affine: Affine }

/**
 * Follows the layers that scale the input or turn its channels around, and composes them into one multiplication and one addition a
 * channel. Where they do so on several ways, or behind others, the pixels go in as they are, and the layers stay in the network.
 */
export async function scalingFrom (input: KerasNode, context: ScalingContext): Promise<Scaling> {
  let last = input
  let rescaling: Rescaling | undefined
  for (;;) {
    const stack = stackOfChannels(last, context)
    const [next, ...others] = stack === undefined ? last.consumers : [stack.node]
    if (next === undefined || others.length > 0) break
    if (next.layer.className === 'Lambda' && rescaling === undefined && next.inputs.length === 1) {
      const preprocess = preprocessOf(next.layer, context.models)
      if (preprocess === undefined && !context.isGiven) refuse(next.layer, SCALING_LAMBDA)
      const isKnown = preprocess !== undefined && preprocess !== 'unknown'
      return { rescaling: isKnown ? scaleNamed(preprocess, context.channels) : undefined, last: next }
    }
    const step = stack ?? (next.inputs.length > 1 ? undefined : await stepOf(next.layer, context))
    if (step === undefined) break
    rescaling = after(rescaling ?? IDENTITY, step)
    last = next
  }
  return { rescaling: rescaling ?? (scalesLater(last) ? IDENTITY : undefined), last }
}

const IDENTITY: Affine = { scale: 1, offset: 0 }

async function stepOf (layer: FlatLayer, { channels, weightsOf }: ScalingContext): Promise<Step | undefined> {
  if (turnsChannels(layer, RANK)) return { turns: true, affine: IDENTITY }
  const affine = await affineOf(layer, channels, weightsOf)
  return affine === undefined ? undefined : { turns: false, affine }
}

function after ({ scale, offset, order }: Rescaling, { turns, affine }: Step): Rescaling {
  const before = turns ? { scale: turned(scale), offset: turned(offset) } : { scale, offset }
  const isTurned = turns !== (order === 'bgr')
  return { ...compose(before, affine), ...isTurned ? { order: 'bgr' as const } : {} }
}

function turned (values: ChannelValues): ChannelValues {
  return typeof values === 'number' ? values : values.toReversed()
}

/** Single channels of a layer that are put together again, in their order or turned around. */
function stackOfChannels ({ consumers }: KerasNode, { channels }: ScalingContext): (Step & { readonly node: KerasNode }) | undefined {
  const [first] = consumers
  const [node] = first?.consumers ?? []
  const isStack = node !== undefined && channels === 3 && STACKS.has(functionOf(node.layer)) && consumers.length === channels &&
    consumers.every((consumer) => consumer.consumers.length === 1 && consumer.consumers[0] === node)
  if (!isStack || node.inputs.length !== channels) return undefined
  const order = node.inputs.map((source) => singleChannel(source.layer, channels)).join()
  return order === '0,1,2' || order === '2,1,0' ? { node, turns: order === '2,1,0', affine: IDENTITY } : undefined
}

function singleChannel (layer: FlatLayer, channels: number): number | undefined {
  if (isSlice(layer)) return channelIndex(layer, [1, 1, channels])
  return SPLITS.has(functionOf(layer)) ? layer.tensor : undefined
}

/** Whether anything scales between a node and the first weights behind it, whatever ways lead there. */
function scalesLater (start: KerasNode): boolean {
  const reached = new Set(start.consumers)
  // A set's iteration reaches what is added meanwhile.
  for (const { layer, consumers } of reached) {
    if (scales(layer)) return true
    if (rolesOf(layer).length === 0) for (const consumer of consumers) reached.add(consumer)
  }
  return false
}

function scales (layer: FlatLayer): boolean {
  if (layer.className === 'Rescaling' || layer.className === 'Normalization' || layer.className === 'Lambda') return true
  return arithmeticOf(layer) !== undefined && layer.operands.some((operand) => 'constant' in operand)
}
