import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { ServiceError } from '../../base/errors.js'
import { inputSpec, type Model } from '../../model/model.js'
import type { CrossValidation } from '../../train/head/cross-validation.js'
import type { FinalResult } from '../../train/head/fit-jobs.js'
import { dividedBy } from '../../train/head/problem.js'
import { replaceHead } from '../../train/head/replace-head.js'
import { SPLITS, type Dataset, type Sample } from '../../train/data/index.js'
import { datasetFigures, evaluate, mistakesOf, reportPage, type Report } from '../../train/report/index.js'
import { percent } from '../../train/report/numbers.js'
import { say } from '../say.js'
import type { Calibration } from './evaluate-head.js'
import type { HeadOptions } from './head-options.js'
import type { PictureDecoder } from '../picture-decoder.js'
import { modelNameOf, writeNewPackage } from '../package.js'

const VERSION_DIGITS = 12
/** Side of the pictures in the report, in pixels. */
const THUMBNAIL_SIDE = 160

export interface HeadOutcome {
  readonly options: HeadOptions
  readonly model: Model
  readonly dataset: Dataset
  readonly decoder: PictureDecoder
  /** The head that is kept, but for its calibration. */
  readonly fitted: FinalResult
  readonly isRefitted: boolean
  readonly crossValidation: CrossValidation
  readonly calibrated: Calibration
}

/** Writes the package with its report and says how good it is. Throws an OutputError if it cannot be written. */
export async function writeHead (outcome: HeadOutcome): Promise<void> {
  const { options: { out }, model, dataset: { classes }, fitted, calibrated: { temperature } } = outcome
  const head = dividedBy(fitted.head, temperature)
  const replaced = replaceHead({ network: model.network, weights: await model.readWeights() }, head)
  const version = createHash('sha256').update(await model.hashWeights()).update(head.weights.data).update(head.bias)
    .digest('hex').slice(0, VERSION_DIGITS)
  const name = modelNameOf(out)
  const report = reportOf(outcome, { name, version, from: `${model.name} ${model.version}` })
  const page = reportPage(report, await thumbnailsOf(report, outcome))
  const files = { 'report.json': `${JSON.stringify(report, null, 1)}\n`, 'report.html': page }
  await writeNewPackage(out, { name, version, ...replaced, input: inputSpec(model.input), labels: classes, files })
  const { accuracy, balancedAccuracy, pictures, classes: figures } = report.evaluation
  const judged = figures.filter((figure) => figure.pictures > 0).length
  const balanced = `balanced ${percent(balancedAccuracy)}${judged < figures.length ? `, over ${judged} of ${figures.length} classes` : ''}`
  say(`Accuracy ${percent(accuracy)} (${balanced}) of ${pictures} pictures (${report.evaluatedOn}); ${join(out, 'report.html')} says more.`)
  if (outcome.isRefitted) {
    say(`What is served was then fitted to all ${report.fittedTo.pictures} pictures; --no-refit keeps what was judged.`)
  }
  say(`Serve it with MODEL=${out} npm start`)
}

function reportOf (outcome: HeadOutcome, model: Report['model']): Report {
  const { options, dataset, fitted, crossValidation: { folds, strength, tried }, calibrated } = outcome
  const { evaluatedOn, judgements, samples, temperature } = calibrated
  return {
    model,
    dataset: datasetFigures(dataset),
    fittedTo: fittedTo(outcome),
    fit: {
      augment: options.augment,
      classWeights: options.balanced ? 'balanced' : 'none',
      seed: options.seed,
      folds,
      strength,
      iterations: fitted.iterations,
      relativeGradient: fitted.relativeGradient,
      temperature,
      strengths: tried
    },
    evaluatedOn,
    evaluation: evaluate(judgements, dataset.classes),
    mistakes: mistakesOf(judgements, samples.map(({ path }) => path), dataset.classes)
  }
}

function fittedTo ({ dataset: { splits }, isRefitted }: HeadOutcome): Report['fittedTo'] {
  const used = isRefitted ? SPLITS.filter((split) => splits[split].length > 0) : ['train' as const]
  return { splits: used, pictures: used.reduce((sum, split) => sum + splits[split].length, 0) }
}

async function thumbnailsOf ({ mistakes }: Report, { decoder, calibrated: { samples } }: HeadOutcome): Promise<Map<string, Uint8Array>> {
  const byPath = new Map(samples.map((sample) => [sample.path, sample]))
  const shown = mistakes.flatMap(({ path }) => byPath.get(path) ?? [])
  const made = await Promise.all(shown.map(async (sample) => [sample.path, await thumbnailOf(sample, decoder)] as const))
  return new Map(made.flatMap(([path, jpeg]) => jpeg === undefined ? [] : [[path, jpeg]]))
}

/** A picture that went meanwhile is left out, and that is said. */
async function thumbnailOf (sample: Sample, decoder: PictureDecoder): Promise<Uint8Array | undefined> {
  try {
    return await decoder.thumbnail(await sample.read(), THUMBNAIL_SIDE)
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error
    say(`${sample.path} is not in the report: ${error.code}: ${error.message}`)
    return undefined
  }
}
