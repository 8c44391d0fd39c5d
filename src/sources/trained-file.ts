import { basename } from 'node:path'
import type { InputSpec } from '../model/input.js'
import { hashFiles } from '../base/hash.js'
import { chooseInput } from '../model/input.js'
import { filesOf, readStoredModel } from './files/index.js'
import { IMAGENET_LABELS } from './imagenet.js'
import { labelsBeside, type FoundLabels } from './labels/beside.js'
import { readLabels } from './labels/index.js'
import { recognize, type Hints, type RecognizedModel } from './keras/index.js'
import { recognizeTorch } from './torch/recognize.js'
import { numberedLabels } from '../model/labels.js'
import type { PoolingName } from '../model/head-settings.js'
import { classCount } from '../model/network.js'
import type { Model, ModelSettings } from '../model/model.js'
import { WeightsError } from '../model/weights.js'

const VERSION_DIGITS = 12

/** What is known about a file beside its content. */
export interface TrainedFileFacts {
  /** SHA-256, hexadecimal; see `hashTrainedFile`. */
  readonly hash: string
  /** Name of the model; the file's own where it is left out. */
  readonly name?: string
  readonly fit?: InputSpec['fit']
  /** How it is pooled, where it is known though the file does not say it. */
  readonly pooling?: PoolingName
  /** File of labels that belongs to it. */
  readonly labelsPath?: string
  /** Whether pixels are known to be scaled as they are where nothing says how. */
  readonly defaultScaleFits?: boolean
}

/**
 * Opens a file that a training left: Keras 2 or 3, TensorFlow.js or safetensors, weights alone or a whole model.
 * Its weights are read when they are needed. Throws a WeightsError of one sentence if it cannot be served.
 */
export async function openTrainedFile (path: string, settings: ModelSettings, facts: TrainedFileFacts): Promise<Model> {
  const { hash, name = nameOf(path) } = facts
  const source = basename(path)
  const recognized = await withRecognized(path, settings, facts, async (recognized) => recognized)
  const { network, rescaling, inputSizeFromFile, notes, decoding, isImageNet } = recognized
  const input = chooseInput(settings, {
    source,
    size: network.input.side,
    width: network.input.width,
    channels: network.input.channels,
    sizeIsKnown: inputSizeFromFile,
    fit: facts.fit,
    ...decoding,
    rescaling
  })
  const classes = classCount(network)
  const knownLabels = facts.labelsPath ?? (isImageNet === true ? IMAGENET_LABELS : undefined)
  const { labels, warnings } = await findLabels(path, settings.labels, knownLabels, classes)
  return {
    name,
    version: hash.slice(0, VERSION_DIGITS),
    network: { ...network, input: { ...network.input, rescaling: input.rescaling.value } },
    input,
    labels: labels ?? numberedLabels(classes),
    warnings: [
      ...notes.map((note) => `${source} ${note}`),
      ...warnings,
      ...labels === undefined ? [`${source} comes without labels, so its classes are numbered: name a file of them with LABELS`] : [],
      ...input.rescaling.from === 'default' && facts.defaultScaleFits !== true
        ? [`${source} does not say how pixels become its input, so they are scaled to -1..1 as Xception's are: name another way with SCALE`]
        : []
    ],
    hashWeights: async () => hash,
    readWeights: () => withRecognized(path, settings, facts, (again) => again.readWeights())
  }
}

/** SHA-256 of a trained file, of all files of a model that has several, hexadecimal. Throws a WeightsError as `openTrainedFile`. */
export async function hashTrainedFile (path: string): Promise<string> {
  return await hashFiles(await filesOf(path))
}

/** The file is open only while something is read from it: what a compiled model needs is its configuration alone. */
async function withRecognized<T> (
  path: string, settings: ModelSettings, facts: TrainedFileFacts, use: (recognized: RecognizedModel) => Promise<T>
): Promise<T> {
  const stored = await readStoredModel(path)
  try {
    const recognized = await (stored.kind === 'torch' ? recognizeTorch : recognize)(stored, hintsOf(settings, facts))
    const unused = stored.config === undefined ? [] : unusedSettings(settings)
    return await use({ ...recognized, notes: [...stored.notes ?? [], ...recognized.notes, ...unused] })
  } catch (error) {
    // What is wrong with a layer is said without the file.
    if (!(error instanceof WeightsError) || error.message.startsWith(path)) throw error
    const notes = (stored.notes ?? []).map((note) => `; it ${note}`).join('')
    throw new WeightsError(`${path}: ${error.message}${notes}`)
  } finally {
    await stored.close()
  }
}

function hintsOf (
  { inputSize, output, outputLayer, pooling, headActivation, scale, withoutClassifier }: ModelSettings, facts: TrainedFileFacts
): Hints {
  const chosen = pooling === 'auto' ? facts.pooling : pooling
  return {
    ...inputSize === 'auto' ? {} : { inputSize },
    ...output === 'auto' ? {} : { output },
    ...outputLayer === '' ? {} : { outputLayer },
    ...chosen === undefined ? {} : { pooling: chosen },
    ...headActivation === 'auto' ? {} : { headActivation },
    scaleIsGiven: scale !== 'auto',
    withoutClassifier: withoutClassifier === true
  }
}

/** What a file that says how it is built has no use for. */
function unusedSettings ({ pooling, headActivation }: ModelSettings): string[] {
  const set = [...pooling === 'auto' ? [] : ['POOLING'], ...headActivation === 'auto' ? [] : ['HEAD_ACTIVATION']]
  return set.map((name) => `says how it is built, and ${name} is not used`)
}

/** Labels from the setting, from beside the file, or that belong to it; none where there are none. */
async function findLabels (path: string, setting: string, known: string | undefined, classes: number): Promise<FoundLabels> {
  if (setting !== '') return await readLabels(setting, classes)
  const beside = await labelsBeside(path, classes)
  return beside.labels === undefined && known !== undefined ? await readLabels(known, classes) : beside
}

/** `model` of `photos/model.keras`; the folder's name where a folder is given. */
function nameOf (path: string): string {
  return basename(path).replace(/(?:\.weights)?\.\w+$/, '')
}
