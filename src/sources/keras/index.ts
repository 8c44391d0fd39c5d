import type { InputFacts, Rescaling } from '../../model/input.js'
import type { Network } from '../../model/network.js'
import { WeightsError, type Weights } from '../../model/weights.js'
import type { StoredModel } from '../files/index.js'
import { modelOfGraph } from '../graph/index.js'
import type { KerasVersion } from './activations.js'
import { bindNetwork, readBindings, type Binding } from './binding.js'
import { parseKerasModel } from './config.js'
import { withFeatures, withProbabilities } from './ending.js'
import { flatten, type FlatModel } from './flatten.js'
import { graphOf, type KerasGraph } from './graph.js'
import { networkOfWeights } from './network-of-weights.js'
import type { HeadHints } from './inferred-head.js'
import { inputOf, type InputShape } from './input.js'
import { locator, type Locate } from './locate.js'
import { lossOf } from './loss.js'
import { decodedResizing, type PictureResizing } from './picture-resizing.js'
import { pictureShapes } from './picture-shapes.js'
import { scalingFrom } from './scaling.js'
import { describeOutputs, ofOutput, servedOutput, type ServedOutput } from './served-output.js'
import { translate } from './translate.js'

/** What a trained file holds, as a network that the compiler takes. */
export interface RecognizedModel {
  /** Its rescaling is the file's, or where that says nothing what Xception was trained with. */
  readonly network: Network
  /** What the file itself says about scaling; undefined where it says nothing (weights only, or no scaling layers). */
  readonly rescaling: Rescaling | undefined
  /** False where the file does not tell the input size, and the hint or the default was taken. */
  readonly inputSizeFromFile: boolean
  /** What the decoder does instead of the network, which has no layer for it then. */
  readonly decoding?: Pick<InputFacts, 'fit' | 'cropFraction' | 'kernel' | 'pixels'>
  /** True where its classes are ImageNet's. */
  readonly isImageNet?: boolean
  /** What was assumed or left out, one sentence each that continues the file's name. */
  readonly notes: readonly string[]
  /** Named as the network's layers name them; the file must still be open. */
  readWeights (): Promise<Weights>
}

/** What the user says of a file that does not say it itself. */
export interface Hints extends HeadHints {
  /** Side of the input, in pixels. */
  readonly inputSize?: number
  /** Which of several outputs is taken, by its layer's name or its key; the first by default. */
  readonly outputLayer?: string
  /** Whether it is said how pixels become the input, which may then stand for Python code that does it. */
  readonly scaleIsGiven?: boolean
  /** Whether a file without a classifier is taken, for its features; see `withFeatures`. */
  readonly withoutClassifier?: boolean
}

const UNSTATED: Rescaling = { scale: 1 / 127.5, offset: -1 }

/**
 * Reads a network from what a reader of `files/` yields: layer by layer from its configuration, whatever they are,
 * or, as a member of the Xception family, from the shapes of its weights where it has none.
 * Rejects with a WeightsError of one sentence that names the layer, what was expected and what was found.
 */
export async function recognize (stored: StoredModel, hints: Hints = {}): Promise<RecognizedModel> {
  if (stored.graph !== undefined) return await ofLayers(stored, await modelOfGraph(stored.graph, hints.outputLayer), hints)
  if (stored.config === undefined) {
    if (hints.outputLayer !== undefined) {
      throw new WeightsError(`the file has only weights and names no outputs, so OUTPUT_LAYER=${hints.outputLayer} cannot be taken`)
    }
    const { side } = inputOf([], hints.inputSize)
    const { network, bindings, notes } = networkOfWeights(stored, side, UNSTATED, hints)
    return recognized(network, undefined, false, bindings, notes)
  }
  const keras = parseKerasModel(stored.config)
  const output = servedOutput(keras, hints.outputLayer)
  const model = flatten(keras, output.listed)
  return await ofLayers(stored, { model, output, weightsOf: locator(stored, model.layers) }, hints)
}

/** What has been read of a file: its layers, which of its outputs is served, and where its weights are. */
interface ReadModel {
  readonly model: FlatModel
  readonly output: ServedOutput
  readonly weightsOf: Locate
}

async function ofLayers (stored: StoredModel, { model, output, weightsOf }: ReadModel, hints: Hints): Promise<RecognizedModel> {
  const { graph, decoding, input: { sideIsStated, ...picture } } = graphAndInput(model, hints.inputSize)
  const { channels } = picture
  const models = modelNames(model)
  const scaling = await scalingFrom(graph.input, { channels, weightsOf, models, isGiven: hints.scaleIsGiven === true })
  const translated = await translate(graph, {
    input: { ...picture, rescaling: scaling.rescaling ?? UNSTATED }, start: scaling.last, version: versionOf(stored), weightsOf, models
  })
  const ended = hints.withoutClassifier === true ? withFeatures : withProbabilities
  const { network, notes } = ofOutput(
    output, () => ended(translated, { wanted: hints.output, loss: lossOf(stored.training, output.names, output.index) })
  )
  const bindings = bindNetwork(network, translated.origins, weightsOf)
  const found = recognized(network, scaling.rescaling, sideIsStated, bindings, [...describeOutputs(output, hints.outputLayer), ...notes])
  return decoding === undefined ? found : { ...found, decoding }
}

/** Pictures of any size that the network resizes first are decoded to that size, unless it is said to which one. */
function graphAndInput (
  model: FlatModel, hint: number | undefined
): { readonly graph: KerasGraph, readonly input: InputShape, readonly decoding?: PictureResizing['decoding'] } {
  const graph = graphOf(model)
  const input = inputOf(pictureShapes(model), hint)
  const resizing = input.sideIsStated || hint !== undefined ? undefined : decodedResizing(graph.input)
  if (resizing === undefined) return { graph, input }
  const { layer, size: [side, width], decoding } = resizing
  const sides = { side, ...width === side ? {} : { width }, sideIsStated: true }
  return { graph: graphOf(model, layer), input: { channels: input.channels, ...sides }, decoding }
}

/** Names of the models around the layers, outermost first. */
function modelNames ({ layers }: FlatModel): string[] {
  return [...new Set(layers.flatMap(({ place }) => place.namePath.split('/').slice(0, -1)))]
}

/** TensorFlow.js writes its own name before its version. */
function versionOf ({ kerasVersion = '2' }: StoredModel): KerasVersion {
  return /^[3-9]/.test(kerasVersion) ? 3 : 2
}

function recognized (
  network: Network, rescaling: Rescaling | undefined, inputSizeFromFile: boolean, bindings: readonly Binding[], notes: readonly string[]
): RecognizedModel {
  return { network, rescaling, inputSizeFromFile, notes, readWeights: () => readBindings(bindings) }
}
