import { networkOf, statementsOf } from '../../model/network-builder.js'
import {
  NetworkError, outputUnits, type Layer, type LayerStatement, type Network, type NetworkInput, type OperationKind
} from '../../model/network.js'
import { WeightsError, sizeOf } from '../../model/weights.js'
import type { Loss } from './loss.js'
import { mixtureOf } from './mixture.js'
import type { Translated } from './translate.js'
import { refuse } from './refusal.js'

/** How a file's last values become probabilities. */
export type OutputKind = 'softmax' | 'sigmoid'

/** What is said of a file's last values beside its layers. */
export interface EndingHints {
  /** What the operator says that logits of several units are. */
  readonly wanted: OutputKind | undefined
  /** What the file's training compared them by. */
  readonly loss: Loss | undefined
}

export interface Ended {
  readonly network: Network
  /** What was assumed, one sentence each that continues the file's name. */
  readonly notes: readonly string[]
}

/** Layers after which numbers still are logits, if they were before. */
const KEEPS_LOGITS: ReadonlySet<OperationKind> = new Set([
  'batchNormalization', 'affine', 'reshape', 'flatten', 'globalAveragePooling', 'add', 'concatenate'
])
/** How far the shares of classifiers may be from 1 together, as thirds that were rounded are. */
const LARGEST_EXCESS = 1e-3
/** Layers that can give logits. */
const GIVES_LOGITS: ReadonlySet<OperationKind> = new Set([
  'dense', 'convolution', 'separableConvolution', 'depthwiseConvolution', 'multiply'
])

/**
 * Appends what turns logits into probabilities where the file's last layer does not: what the operator wants, else what the training's
 * loss says, else softmax; sigmoid of one unit.
 * Throws a WeightsError if a file that is explicit is not what the operator wants, if its numbers are those of a regression, or if the
 * last layer gives something else.
 */
export function withProbabilities ({ network, origins }: Translated, { wanted, loss }: EndingHints): Ended {
  const layers = withMixture(asVector(network))
  const last = layers.at(-1)
  const file = last === undefined ? undefined : origins.get(last.name)?.layer ?? origins.get(network.layers.at(-1)?.name ?? '')?.layer
  if (last === undefined || file === undefined) throw new WeightsError('the model has no layers')
  const activation = activationOf(last)
  const isExplicit = activation === 'softmax' || activation === 'sigmoid'
  if (loss?.of === 'numbers' && !isExplicit) refuse(file, regression(`it was trained with the loss ${loss.name}`))
  if (last.outputShape.length !== 1) {
    refuse(file, `is the last and gives a feature map of ${last.outputShape.join('x')}, and one number a class is needed`)
  }
  const [units] = last.outputShape
  if (units === 1 && activation === 'softmax') refuse(file, 'takes the softmax of one unit, which is always 1: a single unit needs sigmoid')
  if (units === 1 && wanted === 'softmax') refuse(file, 'gives one unit, whose softmax is always 1: leave the output setting out')
  if (isExplicit) {
    if (wanted !== undefined && wanted !== activation) {
      refuse(file, `ends in ${activation}, which cannot be served as ${wanted}: leave the output setting out`)
    }
    return { network: checked(network.input, layers), notes: [] }
  }
  if (units === 1 && activation !== undefined) refuse(file, regression(`its one unit ends in ${activation}`))
  if (activation !== undefined) refuse(file, `is the last and ends in ${activation}: a classifier ends in softmax, in sigmoid or in logits`)
  demandLogits(layers, last)
  const ending = units === 1 ? 'sigmoid' : wanted ?? (loss?.of === 'labels' ? 'sigmoid' : 'softmax')
  const name = `${last.name}_${ending}`
  return {
    network: checked(
      network.input, layers, { name, operation: { kind: 'activation', activation: { function: ending } }, inputs: [last.name] }
    ),
    notes: notesOf(units, { wanted, loss })
  }
}

function regression (reason: string): string {
  return `gives the numbers of a regression and no classes (${reason}), and only classifiers are served`
}

function notesOf (units: number, { wanted, loss }: EndingHints): string[] {
  if (wanted !== undefined || loss !== undefined) return []
  return units === 1
    ? ['ends in one linear unit and does not say what it was trained with: it is taken as the logit of the second of two classes']
    : [`ends in ${units} logits and does not say what it was trained with: their softmax is taken, or their sigmoids with OUTPUT=sigmoid`]
}

/**
 * As `withProbabilities`; a network that ends without a classifier is pooled, unless it is, and has the softmax of its features in
 * place of probabilities, so that it can be computed.
 */
export function withFeatures (translated: Translated, hints: EndingHints): Ended {
  const { network: { input, layers } } = translated
  const last = layers.at(-1)
  if (last === undefined || (hints.loss?.of !== 'numbers' && hasClassifier(layers, last))) return withProbabilities(translated, hints)
  const pooling: LayerStatement[] = last.outputShape.length === 1
    ? []
    : [{ name: `${last.name}_pooled`, operation: { kind: 'globalAveragePooling', keepDimensions: false }, inputs: [last.name] }]
  const features = pooling[0]?.name ?? last.name
  const ending = last.outputShape.join() === '1' ? 'sigmoid' : 'softmax'
  const closing: LayerStatement = {
    name: `${features}_${ending}`, operation: { kind: 'activation', activation: { function: ending } }, inputs: [features]
  }
  return { network: checked(input, layers, ...pooling, closing), notes: [] }
}

function hasClassifier (layers: readonly Layer[], last: Layer): boolean {
  const activation = activationOf(last)
  if (activation === 'softmax' || activation === 'sigmoid') return true
  return last.outputShape.length === 1 && activation === undefined && GIVES_LOGITS.has(sourceOfLogits(layers, last).operation.kind)
}

/** A sum of shares of several classifiers' probabilities is marked as the probabilities that it is. */
function withMixture (layers: readonly Layer[]): readonly Layer[] {
  const last = layers.at(-1)
  const mixture = mixtureOf(layers)
  if (last === undefined || mixture === undefined || activationOf(last) !== undefined) return layers
  if (Math.abs(mixture.total - 1) > LARGEST_EXCESS) {
    throw new WeightsError('the model adds up the probabilities of several classifiers, whose shares are ' +
      `${mixture.total.toPrecision(3)} together, and 1 is needed: average them`)
  }
  const operation = { kind: 'probabilities' as const, of: mixture.of }
  return [...layers, { name: `${last.name}_probabilities`, operation, inputs: [last.name], outputShape: last.outputShape, weights: [] }]
}

/** A softmax or sigmoid over a feature map of one pixel, made a vector after it as MobileNet once was, is made a vector before it. */
function asVector ({ layers }: Pick<Network, 'layers'>): readonly Layer[] {
  const [activation, reshape] = layers.slice(-2)
  if (activation === undefined || reshape === undefined) return layers
  // A vector that is made one.
  const isVector = activation.outputShape.length === 1 && reshape.outputShape.length === 1
  if (isReshape(reshape) && isVector && reshape.inputs[0] === activation.name) return asVector({ layers: layers.slice(0, -1) })
  const turns = isReshape(reshape) && reshape.outputShape.length === 1
  const map = activation.outputShape
  const isProbability = ['softmax', 'sigmoid'].includes(activationOf(activation) ?? '')
  if (!turns || !isProbability || reshape.inputs[0] !== activation.name || map.length !== 3 || map[2] !== sizeOf(map)) return layers
  const before = { ...reshape, inputs: activation.inputs }
  return [...layers.slice(0, -2), before, { ...activation, inputs: [reshape.name], outputShape: reshape.outputShape }]
}

function isReshape ({ operation }: LayerStatement): boolean {
  return operation.kind === 'reshape' || operation.kind === 'flatten'
}

function activationOf ({ operation }: LayerStatement): string | undefined {
  if (operation.kind === 'probabilities') return operation.of
  return operation.kind === 'activation' ? operation.activation.function : undefined
}

/** What a network without its classifier gives has been through an activation. */
function demandLogits (layers: readonly Layer[], last: Layer): void {
  const source = sourceOfLogits(layers, last)
  if (GIVES_LOGITS.has(source.operation.kind)) return
  throw new WeightsError(`the model has no classifier: its last values come from the layer ${source.name} (${source.operation.kind}), ` +
    'not from a Dense layer or a convolution (was it saved with include_top=False?)')
}

/** The last layer that does more than keep logits what they are. */
function sourceOfLogits (layers: readonly Layer[], last: Layer): Layer {
  const byName = new Map(layers.map((layer) => [layer.name, layer]))
  let source = last
  while (KEEPS_LOGITS.has(source.operation.kind)) {
    const next = byName.get(source.inputs[0] ?? '')
    if (next === undefined) break
    source = next
  }
  return source
}

function checked (input: NetworkInput, layers: readonly Layer[], ...more: LayerStatement[]): Network {
  const network = networkOf(input, [...statementsOf({ input, layers }), ...more])
  try {
    outputUnits(network)
  } catch (error) {
    if (!(error instanceof NetworkError)) throw error
    throw new WeightsError(error.message)
  }
  return network
}
