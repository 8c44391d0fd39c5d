import type { NetworkInput, Network } from '../../model/network.js'
import type { StoredWeight } from '../files/index.js'
import { emitActivation, type KerasVersion } from './activations.js'
import { affineOf, arithmeticOf } from './affine.js'
import { channelsOf } from '../../model/shapes.js'
import { Emitter, type Origin } from './emitter.js'
import type { FlatLayer } from './flatten.js'
import type { KerasGraph, KerasNode } from './graph.js'
import { isConcatenation, mapOperation } from './map-layers.js'
import { refuse } from './refusal.js'
import type { Affine } from './values.js'
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
  /** What the file keeps for a layer. */
  readonly weightsOf: (layer: FlatLayer) => readonly StoredWeight[]
}

const SUPPORTED = 'Conv2D, DepthwiseConv2D, SeparableConv2D, Dense, BatchNormalization, MaxPooling2D, AveragePooling2D, ' +
  'GlobalAveragePooling2D, GlobalMaxPooling2D, ZeroPadding2D, Rescaling, Normalization, Add, Subtract, Multiply, Concatenate, ' +
  'arithmetic with constants, slices of channels, ' +
  'Reshape, Flatten, Dropout, augmentation, Activation, ReLU, LeakyReLU, ELU and Softmax'

/**
 * Makes a network of a Keras model's layers, one by one, up to what the file's last layer gives.
 * Throws a WeightsError of one sentence that names the layer that is not supported, its kind and what about it.
 */
export async function translate ({ input, output, nodes }: KerasGraph, context: TranslationContext): Promise<Translated> {
  const emitter = new Emitter(context.input, input.layer)
  const names = new Map<KerasNode, string>([[context.start, emitter.inputName]])
  const scaling = new Set<KerasNode>([input, context.start])
  for (let node = context.start; node !== input && node.inputs[0] !== undefined; node = node.inputs[0]) scaling.add(node)
  for (const node of nodes) {
    if (scaling.has(node)) continue
    const inputs = node.inputs.map(
      (source) => names.get(source) ?? refuse(node.layer, `reads ${source.layer.name}, which is not before it`)
    )
    names.set(node, await emitNode(emitter, node.layer, inputs, context))
  }
  const network = emitter.build()
  const last = names.get(output)
  if (last !== network.layers.at(-1)?.name) refuse(output.layer, 'gives the output and is not the last to be computed')
  return { network, origins: emitter.origins }
}

async function emitNode (emitter: Emitter, layer: FlatLayer, inputs: string[], context: TranslationContext): Promise<string> {
  const [input, ...others] = inputs
  if (input === undefined) return refuse(layer, 'reads nothing')
  const joined = emitJoin(emitter, layer, inputs)
  if (joined !== undefined) return joined
  if (others.length > 0) return refuse(layer, `reads ${inputs.length} layers, and only ${JOINING} do`)
  const shape = emitter.shapeOf(input)
  const operation = mapOperation(layer, shape)
  if (operation !== undefined) return emitter.add(layer, operation, [input])
  const affine = await affineOf(layer, channelsOf(shape), context.weightsOf)
  if (affine !== undefined) return emitAffine(emitter, layer, affine, input, '')
  return emitWeighted(emitter, layer, input, context.version) ?? emitActivation(emitter, layer, input, context.version) ??
    refuse(layer, `is not supported: the service knows ${SUPPORTED}`)
}

const JOINING = 'Add, Subtract, Multiply and Concatenate'

function emitJoin (emitter: Emitter, layer: FlatLayer, inputs: string[]): string | undefined {
  const [first, second] = inputs
  if (first === undefined || second === undefined) return undefined
  if (isConcatenation(layer, emitter.shapeOf(first))) return emitter.add(layer, { kind: 'concatenate' }, inputs)
  switch (arithmeticOf(layer)) {
    case 'add': return emitter.add(layer, { kind: 'add' }, inputs)
    case 'multiply': return emitter.add(layer, { kind: 'multiply' }, inputs)
    case 'subtract': {
      if (inputs.length > 2) return undefined
      return emitter.add(layer, { kind: 'add' }, [first, emitAffine(emitter, layer, { scale: -1, offset: 0 }, second, '_negated')])
    }
    default: return undefined
  }
}

function emitAffine (emitter: Emitter, layer: FlatLayer, { scale, offset }: Affine, input: string, suffix: string): string {
  const numbers = (values: Affine['scale']): number | number[] => typeof values === 'number' ? values : [...values]
  return emitter.add(layer, { kind: 'affine', scale: numbers(scale), offset: numbers(offset) }, [input], { suffix })
}
