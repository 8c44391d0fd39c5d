import type { Dataset, Split } from '../data/index.js'
import { isBetweenSplits, isContradictory } from '../data/index.js'
import { confidenceOf, predicted, type Evaluation, type Judgement } from './evaluate.js'

/** What report.json holds; docs/training.md says what each field means. */
export interface Report {
  readonly model: { readonly name: string, readonly version: string, readonly from: string }
  readonly dataset: DatasetFigures
  /** What the head of the package was fitted to: all splits, or train alone. */
  readonly fittedTo: { readonly splits: readonly Split[], readonly pictures: number }
  /** How it was fitted, whatever that has to say. */
  readonly fit: Readonly<Record<string, unknown>>
  /** Which pictures the figures are of: `cross-validation` are those of train, each judged by a fit without it. */
  readonly evaluatedOn: Split | 'cross-validation'
  readonly evaluation: Evaluation
  /** The most confident mistakes first. */
  readonly mistakes: readonly Mistake[]
}

export interface Mistake {
  readonly path: string
  readonly label: string
  readonly predicted: string
  /** Probability of the predicted class, and below that of the right one. */
  readonly confidence: number
  readonly probability: number
}

export interface DatasetFigures {
  readonly pictures: Readonly<Record<Split, number>>
  /** Whether the splits are the dataset's own. */
  readonly isSplit: boolean
  readonly classes: ReadonlyArray<Readonly<Record<Split, number>> & { readonly name: string }>
  readonly unreadable: ReadonlyArray<{ readonly path: string, readonly code: string, readonly detail: string }>
  readonly ignored: readonly string[]
  /** What is odd about its folders, in sentences. */
  readonly notes: readonly string[]
  readonly duplicates: ReadonlyArray<{
    readonly sameContent: boolean
    readonly betweenSplits: boolean
    readonly contradictory: boolean
    readonly members: ReadonlyArray<{ readonly path: string, readonly split: Split, readonly label: string }>
  }>
}

export const MOST_MISTAKES = 24

export function datasetFigures ({ classes, splits, isSplit, unreadable, ignored, duplicates, notes }: Dataset): DatasetFigures {
  const count = (split: Split, label: number): number => splits[split].filter((sample) => sample.label === label).length
  return {
    pictures: { train: splits.train.length, validation: splits.validation.length, test: splits.test.length },
    isSplit,
    classes: classes.map((name, label) => ({
      name, train: count('train', label), validation: count('validation', label), test: count('test', label)
    })),
    unreadable: unreadable.map(({ path, error }) => ({ path, code: error.code, detail: error.message })),
    ignored,
    notes,
    duplicates: duplicates.map((group) => ({
      sameContent: group.sameContent,
      betweenSplits: isBetweenSplits(group),
      contradictory: isContradictory(group),
      members: group.members.map(({ path, split, label }) => ({ path, split, label: classes[label] ?? '' }))
    }))
  }
}

/** The mistakes of judgements, whose pictures are named in the same order, as far as a report shows them. */
export function mistakesOf (judgements: readonly Judgement[], paths: readonly string[], classes: readonly string[]): Mistake[] {
  const all = judgements.map((judgement, index) => ({ judgement, path: paths[index] ?? '', guess: predicted(judgement) }))
  return all.filter(({ judgement, guess }) => guess !== judgement.label)
    .map(({ judgement, path, guess }) => ({
      path,
      label: classes[judgement.label] ?? '',
      predicted: classes[guess] ?? '',
      confidence: confidenceOf(judgement),
      probability: judgement.probabilities[judgement.label] ?? 0
    }))
    .sort((left, right) => right.confidence - left.confidence || (left.path < right.path ? -1 : 1))
    .slice(0, MOST_MISTAKES)
}
