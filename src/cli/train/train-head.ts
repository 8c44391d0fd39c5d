import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { usableCpus } from '../../base/cpus.js'
import { cacheKey } from '../../compiler/cache-key.js'
import type { Config } from '../../config.js'
import { chooseBackend } from '../../engine/backend.js'
import { chooseComputation } from '../../engine/target.js'
import { inputSpec, type Model } from '../../model/model.js'
import { networkOutputs } from '../../model/outputs.js'
import { checkEmbeddable } from '../../service/embedding.js'
import { prepareProcess } from '../../service/loaded-model.js'
import { showProgress } from '../../sources/download-progress.js'
import { openModel } from '../../sources/open.js'
import { foldsOf, type Dataset, type Sample } from '../../train/data/index.js'
import { STRENGTHS, crossValidate, type CrossValidation } from '../../train/head/cross-validation.js'
import { FeatureCache } from '../../train/head/feature-cache.js'
import type { FinalResult } from '../../train/head/fit-jobs.js'
import { balancedWeights, equalWeights, type TrainingRows } from '../../train/head/rows.js'
import { runFit } from '../../train/head/run-fit.js'
import { Interruption } from '../folder/interruption.js'
import { Progress } from '../progress.js'
import { pictureDecoder, type PictureDecoder } from '../picture-decoder.js'
import { say } from '../say.js'
import { interruptedBy } from '../exit-codes.js'
import { calibrate, labelsOf } from './evaluate-head.js'
import { computeFeatures, featuresOf, type Variant } from './features.js'
import type { HeadOptions } from './head-options.js'
import { openPictures } from './open-pictures.js'
import { demandFree } from '../package.js'
import { writeHead } from './write-head.js'

/**
 * Fits a new head to pictures and writes it, with the network before it, as a model package with a report. Returns the exit code.
 * Throws an OperatorError if it cannot be done, and a ServiceError `not_embeddable` for a network that pools nothing.
 */
export async function trainHead (options: HeadOptions): Promise<number> {
  // The model's own labels and classifier play no part.
  const config = { ...options.config, labels: '', withoutClassifier: true }
  const interruption = new Interruption()
  await demandFree(options.out)
  const model = await openModel(config, await showProgress())
  model.warnings.filter((warning) => !warning.includes('LABELS')).forEach(say)
  checkEmbeddable({ offers: networkOutputs(model.network) })
  prepareProcess()
  const decoder = pictureDecoder(config, inputSpec(model.input))
  const dataset = await openPictures(options, decoder)
  try {
    await fitAndWrite({ ...options, config }, model, decoder, dataset, interruption)
  } finally {
    await dataset.close()
  }
  return interruption.signal === undefined ? 0 : interruptedBy(interruption.signal)
}

async function fitAndWrite (
  options: HeadOptions, model: Model, decoder: PictureDecoder, dataset: Dataset, interruption: Interruption
): Promise<void> {
  const { train, validation, test } = dataset.splits
  const all = [...train, ...validation, ...test]
  const isRefitted = options.refit && all.length > train.length
  const judges = [...validation, ...test].map((sample) => ({ sample, variant: 0 }))
  const wanted = isRefitted ? withVariants(all, options) : [...withVariants(train, options), ...judges]
  const cache = await openCache(options.config, model)
  try {
    await computeFeatures(options.config, model, wanted, cache)
    const rowsOf = (samples: readonly Sample[]): TrainingRows => trainingRows(dataset, samples, cache, options)
    const { judged, kept, crossValidation } = await fitHeads(rowsOf, isRefitted ? all : train, dataset, options)
    const calibrated = calibrate(dataset, {
      head: judged.head, validation: crossValidation, featuresOf: (sample) => featuresOf({ sample, variant: 0 }, cache)
    })
    // From here on a signal finds a package that is whole.
    interruption.finishFirst()
    await writeHead({ options, model, dataset, decoder, fitted: kept, isRefitted, crossValidation, calibrated })
  } finally {
    await cache.close()
  }
}

/** The features of a model depend on all that its compiled graph does, and on how pictures become its input. */
async function openCache (config: Config, model: Model): Promise<FeatureCache> {
  const { features } = networkOutputs(model.network)
  if ('reason' in features) throw new Error(features.reason)
  const { target } = await chooseComputation(config, chooseBackend(config.backend))
  const key = createHash('sha256').update(JSON.stringify([await cacheKey(model, target), inputSpec(model.input)])).digest('hex')
  return await FeatureCache.open({
    folder: join(config.cacheDir, 'features'), modelKey: key.slice(0, 32), length: features.shape[0], maxBytes: config.cacheMaxBytes
  })
}

/** Pictures as they are, then one variant of each after the other. */
function withVariants (samples: readonly Sample[], { augment }: HeadOptions): Variant[] {
  return Array.from({ length: augment + 1 }, (_, variant) => samples.map((sample) => ({ sample, variant }))).flat()
}

function trainingRows ({ classes }: Dataset, samples: readonly Sample[], cache: FeatureCache, options: HeadOptions): TrainingRows {
  const rows = withVariants(samples, options).map((one) => featuresOf(one, cache))
  const columns = rows[0]?.length ?? 0
  const data = new Float64Array(new SharedArrayBuffer(rows.length * columns * Float64Array.BYTES_PER_ELEMENT))
  rows.forEach((row, index) => { data.set(row, index * columns) })
  const labels = labelsOf(samples)
  return {
    pictures: samples.length,
    features: { rows: rows.length, columns, data },
    labels,
    classes: classes.length,
    weights: options.balanced ? balancedWeights(labels, classes.length) : equalWeights(labels)
  }
}

interface Heads {
  /** Fitted to the training split, and what is kept, which may be the same. */
  readonly judged: FinalResult
  readonly kept: FinalResult
  readonly crossValidation: CrossValidation
}

async function fitHeads (
  rowsOf: (samples: readonly Sample[]) => TrainingRows, keptSamples: readonly Sample[], { splits: { train } }: Dataset,
  { folds: wantedFolds, seed }: HeadOptions
): Promise<Heads> {
  const folds = Math.min(wantedFolds, train.length)
  const isRefitted = keptSamples !== train
  const progress = new Progress(folds * STRENGTHS.length + (isRefitted ? 2 : 1), 'fit')
  const fitTo = async (rows: TrainingRows, strength: number): Promise<FinalResult> => {
    const fitted = await runFit({ kind: 'final', rows, strength })
    progress.add(false)
    if (!fitted.converged) say(`The fit stopped at a gradient of ${fitted.relativeGradient.toExponential(1)}, before it was done.`)
    return fitted
  }
  try {
    const rows = rowsOf(train)
    const crossValidation = await crossValidate(rows, {
      folds, foldOf: foldsOf(train, folds, seed), threads: usableCpus(), onTried: () => { progress.add(false) }
    })
    const judged = await fitTo(rows, crossValidation.strength)
    return { judged, kept: isRefitted ? await fitTo(rowsOf(keptSamples), crossValidation.strength) : judged, crossValidation }
  } finally {
    progress.stop()
    say(`Head: ${progress.summary}`)
  }
}
