import { networkOf, statementsOf } from '../../model/network-builder.js'
import { outputUnits, type Layer, type LayerStatement, type Network, type NetworkInput, type OperationKind } from '../../model/network.js'
import { WeightsError, sizeOf } from '../../model/weights.js'
import type { Translated } from './translate.js'
import { refuse } from './refusal.js'

/** How a file's last values become probabilities. */
export type OutputKind = 'softmax' | 'sigmoid'

/** Layers after which numbers still are logits, if they were before. */
const KEEPS_LOGITS: ReadonlySet<OperationKind> = new Set([
  'batchNormalization', 'affine', 'reshape', 'flatten', 'globalAveragePooling', 'add', 'concatenate'
])
/** Layers that can give logits. */
const GIVES_LOGITS: ReadonlySet<OperationKind> = new Set([
  'dense', 'convolution', 'separableConvolution', 'depthwiseConvolution', 'multiply'
])

/**
 * Appends what turns logits into probabilities where the file's last layer does not.
 * `wanted` says what logits of several units are, and must agree with a file that is explicit.
 * Throws a WeightsError if it does not, or if the last layer gives something else.
 */
export function withProbabilities ({ network, origins }: Translated, wanted: OutputKind | undefined): Network {
  const layers = asVector(network)
  const last = layers.at(-1)
  const file = last === undefined ? undefined : origins.get(last.name)?.layer ?? origins.get(network.layers.at(-1)?.name ?? '')?.layer
  if (last === undefined || file === undefined) throw new WeightsError('the model has no layers')
  if (last.outputShape.length !== 1) {
    refuse(file, `is the last and gives a feature map of ${last.outputShape.join('x')}, and one number a class is needed`)
  }
  const [units] = last.outputShape
  const activation = activationOf(last)
  if (units === 1 && activation === 'softmax') refuse(file, 'takes the softmax of one unit, which is always 1: a single unit needs sigmoid')
  if (units === 1 && wanted === 'softmax') refuse(file, 'gives one unit, whose softmax is always 1: leave the output setting out')
  if (activation === 'softmax' || activation === 'sigmoid') {
    if (wanted !== undefined && wanted !== activation) {
      refuse(file, `ends in ${activation}, which cannot be served as ${wanted}: leave the output setting out`)
    }
    return checked(network.input, layers)
  }
  if (activation !== undefined) refuse(file, `is the last and ends in ${activation}: a classifier ends in softmax, in sigmoid or in logits`)
  demandLogits(layers, last)
  const ending = units === 1 ? 'sigmoid' : wanted ?? 'softmax'
  const name = `${last.name}_${ending}`
  return checked(network.input, layers, { name, operation: { kind: 'activation', activation: { function: ending } }, inputs: [last.name] })
}

/**
 * As `withProbabilities`; a network that ends without a classifier is pooled, unless it is, and has the softmax of its features in
 * place of probabilities, so that it can be computed.
 */
export function withFeatures (translated: Translated, wanted: OutputKind | undefined): Network {
  const { network: { input, layers } } = translated
  const last = layers.at(-1)
  if (last === undefined || hasClassifier(layers, last)) return withProbabilities(translated, wanted)
  const pooling: LayerStatement[] = last.outputShape.length === 1
    ? []
    : [{ name: `${last.name}_pooled`, operation: { kind: 'globalAveragePooling', keepDimensions: false }, inputs: [last.name] }]
  const features = pooling[0]?.name ?? last.name
  const softmax: LayerStatement = {
    name: `${features}_softmax`, operation: { kind: 'activation', activation: { function: 'softmax' } }, inputs: [features]
  }
  return checked(input, layers, ...pooling, softmax)
}

function hasClassifier (layers: readonly Layer[], last: Layer): boolean {
  const activation = activationOf(last)
  if (activation === 'softmax' || activation === 'sigmoid') return true
  return last.outputShape.length === 1 && activation === undefined && GIVES_LOGITS.has(sourceOfLogits(layers, last).operation.kind)
}

/** A softmax or sigmoid over a feature map of one pixel, made a vector after it as MobileNet once was, is made a vector before it. */
function asVector ({ layers }: Network): readonly Layer[] {
  const [activation, reshape] = layers.slice(-2)
  if (activation === undefined || reshape === undefined) return layers
  const turns = (reshape.operation.kind === 'reshape' || reshape.operation.kind === 'flatten') && reshape.outputShape.length === 1
  const map = activation.outputShape
  const isProbability = ['softmax', 'sigmoid'].includes(activationOf(activation) ?? '')
  if (!turns || !isProbability || reshape.inputs[0] !== activation.name || map.length !== 3 || map[2] !== sizeOf(map)) return layers
  const before = { ...reshape, inputs: activation.inputs }
  return [...layers.slice(0, -2), before, { ...activation, inputs: [reshape.name], outputShape: reshape.outputShape }]
}

function activationOf ({ operation }: LayerStatement): string | undefined {
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
    throw new WeightsError((error as Error).message)
  }
  return network
}
