import type { NetworkInput, Network } from '../../model/network.js'
import type { StoredWeight } from '../files/index.js'
import { emitActivation, type KerasVersion } from './activations.js'
import { affineOf, arithmeticOf } from './affine.js'
import { channelsOf } from '../../model/shapes.js'
import { Emitter, type Origin } from './emitter.js'
import type { FlatLayer } from './flatten.js'
import type { KerasGraph, KerasNode } from './graph.js'
import { scaleNamed } from '../../model/input.js'
import { emitChannelFunction, turned } from './channel-functions.js'
import type { Given } from './given.js'
import { LAMBDA, preprocessOf } from './lambda.js'
import { isConcatenation, mapOperation } from './map-layers.js'
import { emitReduction } from './reductions.js'
import { refuse } from './refusal.js'
import { demandChannelAxis, functionOf } from './settings.js'
import { emitSize } from './sizes.js'
import { channelValues, eachChannel, type Affine } from './values.js'
import { emitWeighted } from './weighted-layers.js'

export interface Translated {
  readonly network: Network
  /** What each of its layers was made from, by name. */
  readonly origins: ReadonlyMap<string, Origin>
}

export interface TranslationContext {
  readonly input: NetworkInput
  /** The node whose output is the network's input once it is rescaled. */
  readonly start: KerasNode
  readonly version: KerasVersion
  /** Names of nested models. */
  readonly models: readonly string[]
  /** What the file keeps for a layer. */
  readonly weightsOf: (layer: FlatLayer) => readonly StoredWeight[]
}

const SUPPORTED = 'Conv2D, DepthwiseConv2D, SeparableConv2D, Dense, BatchNormalization, LayerNormalization, UnitNormalization, ' +
  'MaxPooling2D, AveragePooling2D, GlobalAveragePooling2D, GlobalMaxPooling2D, ZeroPadding2D, Cropping2D, CenterCrop, UpSampling2D, ' +
  'Resizing, Rescaling, Normalization, Add, Subtract, Multiply, Average, Maximum, Minimum, Concatenate, arithmetic, slices, ' +
  'means and maxima, Reshape, Flatten, Dropout, augmentation, Activation, ReLU, LeakyReLU, ELU, PReLU and Softmax'

/**
 * Makes a network of a Keras model's layers, one by one, up to what the file's last layer gives.
 * Throws a WeightsError of one sentence that names the layer that is not supported, its kind and what about it.
 */
export async function translate ({ input, output, nodes }: KerasGraph, context: TranslationContext): Promise<Translated> {
  const emitter = new Emitter(context.input, input.layer)
  const given = new Map<KerasNode, Given>([[context.start, { name: emitter.inputName, isPlane: false }]])
  const scaling = new Set<KerasNode>([input, context.start])
  // A set's iteration reaches what is added meanwhile.
  for (const node of scaling) for (const source of node.inputs) scaling.add(source)
  for (const node of nodes) {
    if (scaling.has(node)) continue
    const inputs = node.inputs.map(
      (source) => given.get(source) ?? refuse(node.layer, `reads ${source.layer.name}, which is not before it`)
    )
    given.set(node, await emitNode(emitter, node.layer, inputs, context))
  }
  const network = emitter.build()
  const last = given.get(output)?.name
  if (last !== network.layers.at(-1)?.name) refuse(output.layer, 'gives the output and is not the last to be computed')
  return { network, origins: emitter.origins }
}

async function emitNode (emitter: Emitter, layer: FlatLayer, given: readonly Given[], context: TranslationContext): Promise<Given> {
  const inputs = given.map(({ name }) => name)
  const [input, ...others] = inputs
  if (input === undefined) return refuse(layer, 'reads nothing')
  if (given.some(({ isPlane }) => isPlane)) return await emitOfPlanes(emitter, layer, given, context)
  const joined = emitJoin(emitter, layer, inputs)
  if (joined !== undefined) return { name: joined, isPlane: false }
  if (others.length > 0) return refuse(layer, `reads ${inputs.length} layers, and only ${JOINING} do`)
  const made = emitReduction(emitter, layer, input) ?? emitChannelFunction(emitter, layer, input)
  return made ?? { name: await emitOne(emitter, layer, input, context), isPlane: false }
}

/** A layer that reads one other and keeps its dimensions in order. */
async function emitOne (emitter: Emitter, layer: FlatLayer, input: string, context: TranslationContext): Promise<string> {
  const shape = emitter.shapeOf(input)
  const operation = mapOperation(layer, shape)
  if (operation !== undefined) return emitter.add(layer, operation, [input])
  const affine = await affineOf(layer, channelsOf(shape), context.weightsOf)
  if (affine !== undefined) return emitAffine(emitter, layer, affine, input, '')
  const preprocess = preprocessOf(layer, context.models)
  if (preprocess !== undefined && preprocess !== 'unknown') return emitPreprocess(emitter, layer, preprocess, input)
  return emitSize(emitter, layer, input) ?? emitBound(emitter, layer, input) ??
    emitWeighted(emitter, layer, input, context.version) ?? emitActivation(emitter, layer, input, context.version) ??
    refuse(layer, layer.className === 'Lambda' ? LAMBDA : `is not supported: the service knows ${SUPPORTED}`)
}

/** A function of Keras's behind other layers than the input. */
function emitPreprocess (emitter: Emitter, layer: FlatLayer, scale: Parameters<typeof scaleNamed>[0], input: string): string {
  const { order, ...affine } = scaleNamed(scale, channelsOf(emitter.shapeOf(input)) === 1 ? 1 : 3)
  return emitAffine(emitter, layer, affine, order === 'bgr' ? turned(emitter, layer, input) : input, '')
}

/** Channels whose dimension is gone: they may be scaled, joined with each other, and get it back. */
async function emitOfPlanes (
  emitter: Emitter, layer: FlatLayer, given: readonly Given[], { weightsOf }: TranslationContext
): Promise<Given> {
  const inputs = given.map(({ name }) => name)
  const [input = ''] = inputs
  const shape = emitter.shapeOf(input)
  const name = functionOf(layer)
  const arePlanes = given.every(({ isPlane }) => isPlane)
  if (arePlanes && (name === 'Stack' || name === 'stack')) {
    demandChannelAxis(layer, shape)
    return { name: inputs.length === 1 ? input : emitter.add(layer, { kind: 'concatenate' }, inputs), isPlane: false }
  }
  if (arePlanes && (name === 'ExpandDims' || name === 'expand_dims')) {
    demandChannelAxis(layer, shape)
    return { name: input, isPlane: false }
  }
  const affine = inputs.length === 1 ? await affineOf(layer, 1, weightsOf) : undefined
  if (affine !== undefined) return { name: emitAffine(emitter, layer, affine, input, ''), isPlane: true }
  const joined = arePlanes ? emitJoin(emitter, layer, inputs) : undefined
  if (joined !== undefined && name !== 'Concatenate' && name !== 'concat') return { name: joined, isPlane: true }
  return refuse(layer, 'reads a single channel without its dimension, and only arithmetic, Stack and ExpandDims do')
}

const JOINING = 'Add, Subtract, Multiply, Average, Maximum, Minimum, Concatenate and a division'

function emitJoin (emitter: Emitter, layer: FlatLayer, inputs: string[]): string | undefined {
  const [first, second] = inputs
  if (first === undefined || second === undefined) return undefined
  if (isConcatenation(layer, emitter.shapeOf(first))) return emitter.add(layer, { kind: 'concatenate' }, inputs)
  const extreme = extremeOf(layer)
  if (extreme !== undefined) return emitter.add(layer, { kind: extreme }, inputs)
  if (layer.className === 'Average') {
    const sum = emitter.add(layer, { kind: 'add' }, inputs, { suffix: '_sum' })
    return emitter.add(layer, { kind: 'affine', scale: 1 / inputs.length, offset: 0 }, [sum])
  }
  switch (arithmeticOf(layer)) {
    case 'add': return emitter.add(layer, { kind: 'add' }, inputs)
    case 'multiply': return emitter.add(layer, { kind: 'multiply' }, inputs)
    case 'divide': return emitter.add(layer, { kind: 'divide' }, inputs)
    case 'subtract': {
      if (inputs.length > 2) return undefined
      return emitter.add(layer, { kind: 'add' }, [first, emitAffine(emitter, layer, { scale: -1, offset: 0 }, second, '_negated')])
    }
    default: return undefined
  }
}

function extremeOf (layer: FlatLayer): 'maximum' | 'minimum' | undefined {
  switch (functionOf(layer)) {
    case 'Maximum': case 'maximum': case 'math.maximum': return 'maximum'
    case 'Minimum': case 'minimum': case 'math.minimum': return 'minimum'
    default: return undefined
  }
}

/** The larger or smaller of each number and a constant. */
function emitBound (emitter: Emitter, layer: FlatLayer, input: string): string | undefined {
  const extreme = extremeOf(layer)
  const constant = layer.operands.find((operand) => 'constant' in operand)
  if (extreme === undefined || constant === undefined || !('constant' in constant)) return undefined
  const bound = channelValues(layer, 'a bound', constant.constant, channelsOf(emitter.shapeOf(input)))
  const sign = extreme === 'maximum' ? 1 : -1
  const below = emitAffine(emitter, layer, { scale: sign, offset: eachChannel([bound], ([value = 0]) => -sign * value) }, input, '_beyond')
  const positive = emitter.add(layer, { kind: 'activation', activation: { function: 'relu' } }, [below], { suffix: '_positive' })
  return emitAffine(emitter, layer, { scale: sign, offset: bound }, positive, '')
}

function emitAffine (emitter: Emitter, layer: FlatLayer, { scale, offset }: Affine, input: string, suffix: string): string {
  const numbers = (values: Affine['scale']): number | number[] => typeof values === 'number' ? values : [...values]
  return emitter.add(layer, { kind: 'affine', scale: numbers(scale), offset: numbers(offset) }, [input], { suffix })
}
