import type { Architecture } from '../../model/architecture.js'
import type { StoredModel } from '../files/index.js'
import type { Rescaling } from '../../model/input.js'
import type { Weights } from '../../model/weights.js'
import { deriveBase, matchBase } from './base.js'
import { bindLayer, readBindings, type Binding } from './binding.js'
import { parseKerasModel } from './config.js'
import { describe } from './refusal.js'
import { flatten } from './flatten.js'
import { completeHead, headFrom, type OutputKind } from './head.js'
import { infer } from './infer.js'
import { inputSizeOf } from './input.js'
import { locator } from './locate.js'
import { networkOf } from './network.js'
import { operationOf } from './operations.js'
import { rolesOf } from './roles.js'
import { scalingFrom } from './scaling.js'
import { readStatistics } from './statistics.js'
import { walk } from './walk.js'

/** What a trained file holds, as a network that the compiler takes. */
export interface RecognizedModel {
  readonly architecture: Architecture
  /** What the file itself says about scaling; undefined where it says nothing (weights only, or no scaling layers). */
  readonly rescaling: Rescaling | undefined
  /** False where the file does not tell the input size, and the hint or the default was taken. */
  readonly inputSizeFromFile: boolean
  /** Named as `layersOf(architecture)` names them; the file must still be open. */
  readWeights (): Promise<Weights>
}

/** What the user says of a file that does not say it itself. */
export interface Hints {
  /** Side of the input, in pixels. */
  readonly inputSize?: number
  /** What the values of several units are where the file ends in logits or has only weights; softmax by default. */
  readonly output?: OutputKind
}

/**
 * Recognizes a network of the Xception family in what a reader of `files/` yields: from its configuration, every layer checked,
 * or from the shapes of its weights where it has none.
 * Rejects with a WeightsError of one sentence that names the layer, what was expected and what was found.
 */
export async function recognize (stored: StoredModel, hints: Hints = {}): Promise<RecognizedModel> {
  if (stored.config === undefined) {
    const { inputSize } = inputSizeOf([], hints.inputSize)
    const { architecture, bindings } = infer(stored, inputSize, hints.output)
    return recognized(architecture, undefined, false, bindings)
  }
  const model = flatten(parseKerasModel(stored.config))
  const network = networkOf(model)
  const { inputSize, fromFile } = inputSizeOf(model.inputShapes, hints.inputSize)
  const locate = locator(stored, model.layers)
  const scaling = await scalingFrom(network.input, (layer) => readStatistics(layer, locate(layer)))
  const base = deriveBase(network)
  // The walk needs a head; the body does not depend on which.
  const body = matchBase(scaling.last, walk({ ...base, inputSize, head: [{ type: 'globalAveragePooling' }, { type: 'activation', activation: 'softmax' }] }))
  const head = headFrom(body.last, network.output)
  const architecture = { ...base, inputSize, head: completeHead(head, hints.output) }
  const files = new Map([...body.layers, ...head.weighted])
  const bindings = walk(architecture).flatMap((layer): Binding[] => {
    const file = files.get(layer.name)
    if (file === undefined || layer.weights.length === 0) return []
    return bindLayer(layer, rolesOf(operationOf(file)), locate(file), describe(file))
  })
  return recognized(architecture, scaling.rescaling, fromFile, bindings)
}

function recognized (architecture: Architecture, rescaling: Rescaling | undefined, inputSizeFromFile: boolean, bindings: readonly Binding[]): RecognizedModel {
  return { architecture, rescaling, inputSizeFromFile, readWeights: () => readBindings(bindings) }
}
