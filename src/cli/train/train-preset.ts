import { appendFile, mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { OperatorError } from '../../base/errors.js'
import type { Precision } from '../../compiler/precision.js'
import type { Config } from '../../config.js'
import { chooseBackend } from '../../engine/backend.js'
import { choosePrecision } from '../../engine/precision.js'
import { chooseInput, type InputChoices } from '../../model/input.js'
import { inputSpec } from '../../model/model.js'
import type { Network } from '../../model/network.js'
import { parsePreset, presetNetwork, presetText } from '../../model/presets/index.js'
import { asBytes } from '../../preprocess/index.js'
import { SPLITS, type Dataset, type Sample, type Split } from '../../train/data/index.js'
import type { EpochMetrics } from '../../train/fit/checkpoint.js'
import { curvesPlot } from '../../train/fit/curves.js'
import { examplesOf } from '../../train/fit/examples.js'
import type { Recipe } from '../../train/fit/recipe.js'
import { trainNetwork, type TrainedNetwork } from '../../train/fit/train-network.js'
import { trainingEnvironment } from '../../train/process/environment.js'
import { percent } from '../../train/report/numbers.js'
import { interruptedBy } from '../exit-codes.js'
import { Interruption } from '../folder/interruption.js'
import { Progress } from '../progress.js'
import { pictureDecoder } from '../picture-decoder.js'
import { say } from '../say.js'
import { openPictures, type PictureOptions } from './open-pictures.js'
import { demandFree, modelNameOf, writeNewPackage } from '../package.js'

export interface PresetOptions extends PictureOptions {
  /** As MODEL takes it after `preset:`. */
  readonly preset: string
  readonly out: string
  readonly recipe: Recipe
  /** Whether the network is trained again, on the pictures of all splits, once they have judged it. */
  readonly refit: boolean
}

const METRICS_FILE = 'metrics.jsonl'
const PLOT_FILE = 'training.svg'
const RECIPE_FILE = 'training.json'
/** Below the folder of a training, where the one on all pictures goes on from. */
const REFIT_FOLDER = 'all'

/**
 * Trains a network of a preset from random weights and writes it as a model package. Returns the exit code. Throws an OperatorError
 * if it cannot be done; what was trained until then is in a folder beside the package, from where the same command goes on.
 */
export async function trainPreset (options: PresetOptions): Promise<number> {
  const { config, out } = options
  const engine = engineOf(config)
  await demandFree(out)
  const interruption = new Interruption()
  const input = inputOf(options)
  const decoder = pictureDecoder(config, inputSpec(input))
  const dataset = await openPictures(options, decoder)
  try {
    const network = networkOf(options, input, dataset)
    const folder = `${out}.training`
    interruption.finishFirst()
    const decode = async (file: Uint8Array): Promise<Uint8Array<ArrayBuffer>> => asBytes(await decoder.decode(file))
    const trained = await trainAndRefit(options, { engine, network, splits: dataset.splits, folder, decode, interruption })
    if (trained === undefined) {
      say(`Stopped; the same command goes on from ${folder}.`)
      return interruptedBy(interruption.signal ?? 'SIGINT')
    }
    await write(options, { network, input, dataset, ...trained })
    await rm(folder, { recursive: true })
    return 0
  } finally {
    await dataset.close()
  }
}

function inputOf ({ config, preset }: PresetOptions): InputChoices {
  const choice = parsePreset(preset)
  const choose = (size: number): InputChoices => chooseInput(config, { source: 'the preset', size, channels: 3, sizeIsKnown: true })
  return choose(presetNetwork(choice, choose(1).rescaling.value).input.side)
}

function networkOf ({ preset }: PresetOptions, { rescaling }: InputChoices, { classes: { length: classes } }: Dataset): Network {
  const choice = parsePreset(preset)
  if (choice.classes !== undefined && choice.classes !== classes) {
    throw new OperatorError(`The preset asks for ${choice.classes} classes, and the pictures have ${classes}.`)
  }
  return presetNetwork({ ...choice, classes }, rescaling.value)
}

/** What it is trained on and in. */
interface Engine {
  readonly backend: 'cpu' | 'gpu'
  readonly precision: Precision
}

interface Work {
  readonly engine: Engine
  readonly network: Network
  readonly splits: Readonly<Record<Split, readonly Sample[]>>
  readonly folder: string
  readonly decode: (file: Uint8Array) => Promise<Uint8Array<ArrayBuffer>>
  readonly interruption: Interruption
}

interface Trained {
  readonly judged: TrainedNetwork
  /** What is served, and the splits that it was trained on. */
  readonly kept: TrainedNetwork
  readonly keptSplits: readonly Split[]
}

/** Undefined where a signal stopped it. */
async function trainAndRefit (options: PresetOptions, work: Work): Promise<Trained | undefined> {
  const { splits, folder } = work
  const judged = await train(options, work)
  const used = SPLITS.filter((split) => splits[split].length > 0)
  if (judged === undefined || !options.refit || used.length === 1) return judged && { judged, kept: judged, keptSplits: ['train'] }
  const all = used.flatMap((split) => splits[split])
  say(`Judged. What is served is trained on all ${all.length} pictures; --no-refit keeps what was judged.`)
  const kept = await train(options, { ...work, splits: { train: all, validation: [], test: [] }, folder: join(folder, REFIT_FOLDER) })
  return kept && { judged, kept, keptSplits: used }
}

async function train ({ config, recipe }: PresetOptions, work: Work): Promise<TrainedNetwork | undefined> {
  const { engine: { backend, precision }, network, splits, folder, decode, interruption } = work
  await mkdir(folder, { recursive: true })
  const metrics = join(folder, METRICS_FILE)
  await writeFile(metrics, '')
  let progress: Progress | undefined
  try {
    return await trainNetwork({
      network,
      recipe,
      precision,
      train: examplesOf(splits.train, decode),
      validation: examplesOf(splits.validation, decode),
      ...splits.test.length > 0 ? { test: examplesOf(splits.test, decode) } : {},
      dataset: JSON.stringify([splits.train, splits.validation].map((samples) => samples.map(({ hash, label }) => [hash, label]))),
      environment: trainingEnvironment({ backend, threads: config.tensorflowThreads }),
      folder,
      watcher: {
        onStep: (steps, of) => {
          progress ??= new Progress(of - steps + 1, 'step')
          progress.add(false)
        },
        onEpoch: async (epoch) => {
          await appendFile(metrics, `${JSON.stringify(epoch)}\n`)
          if (progress !== undefined) say(sentenceOf(epoch, recipe))
        },
        isToStop: () => interruption.signal !== undefined
      }
    })
  } finally {
    progress?.stop()
  }
}

function engineOf (config: Config): Engine {
  if (config.precision === 'int8') throw new OperatorError('PRECISION=int8 is for serving: train in float32, bfloat16 or auto')
  const backend = chooseBackend(config.backend)
  return { backend, precision: choosePrecision(config.precision, backend) }
}

function sentenceOf ({ epoch, trainLoss, trainAccuracy, validationAccuracy }: EpochMetrics, { epochs }: Recipe): string {
  const validation = validationAccuracy === null ? '' : `, ${percent(validationAccuracy)} of the validation`
  return `Epoch ${epoch} of ${epochs}: loss ${trainLoss.toFixed(3)}, right ${percent(trainAccuracy)} of what was trained with${validation}.`
}

interface Written extends Trained {
  readonly network: Network
  readonly input: InputChoices
  readonly dataset: Dataset
}

async function write (
  { out, preset, recipe }: PresetOptions,
  { network, input, dataset: { classes, splits }, judged: { epochs, test }, kept: { weights }, keptSplits }: Written
): Promise<void> {
  const training = {
    preset: presetText(parsePreset(preset)),
    recipe,
    pictures: splits.train.length,
    last: epochs.at(-1),
    test,
    fittedTo: { splits: keptSplits, pictures: keptSplits.reduce((sum, split) => sum + splits[split].length, 0) }
  }
  await writeNewPackage(out, {
    name: modelNameOf(out),
    version: '1',
    network,
    input: inputSpec(input),
    labels: classes,
    weights,
    files: {
      [METRICS_FILE]: epochs.map((epoch) => `${JSON.stringify(epoch)}\n`).join(''),
      [PLOT_FILE]: curvesPlot(epochs),
      [RECIPE_FILE]: `${JSON.stringify(training, null, 2)}\n`
    }
  })
  if (test !== undefined) {
    say(`Accuracy ${percent(test.accuracy)} (balanced ${percent(test.balancedAccuracy)}) of ${splits.test.length} pictures to test with.`)
  }
  say(`${join(out, PLOT_FILE)} shows the training. Serve the model with MODEL=${out} npm start`)
}
