import { inOrder } from '../../base/in-order.js'
import { indexOfLargest } from '../../base/statistics.js'
import type { FoldJob, FoldResult } from './fit-jobs.js'
import { rowOf, zeros, type Matrix } from './matrix.js'
import type { TrainingRows } from './rows.js'
import { runFit } from './run-fit.js'

/** Strengths of the penalty, for the mean loss and standardized features: from hardly any fit to hardly any penalty, strongest first. */
export const STRENGTHS: readonly number[] = Array.from({ length: 7 }, (_, index) => 10 ** (-2 * index / 3))

export interface CrossValidation {
  readonly folds: number
  /** What each strength came to that was tried in every fold: mean loss of the pictures, in nats, and share that is right. */
  readonly tried: ReadonlyArray<{ readonly strength: number, readonly loss: number, readonly accuracy: number }>
  /** The strength of the least loss. */
  readonly strength: number
  /** Logits [pictures, classes] with that strength, each picture's by the head that was not fitted to it. */
  readonly logits: Matrix
}

export interface CrossValidateOptions {
  /** The number of each picture's fold, and how many there are. */
  readonly foldOf: Uint8Array
  readonly folds: number
  /** Threads at a time. */
  readonly threads: number
  /** Told of each strength of each fold. */
  readonly onTried?: () => void
}

/** Chooses the strength that does best for pictures that are not fitted to. */
export async function crossValidate (rows: TrainingRows, options: CrossValidateOptions): Promise<CrossValidation> {
  const { folds, threads, onTried } = options
  const jobs = Array.from({ length: folds }, (_, fold) => foldJob(rows, options.foldOf, fold))
  const results: FoldResult[] = []
  for await (const result of inOrder(jobs, threads, (job) => runFit(job, onTried))) {
    for (let left = result.tried.length; left < STRENGTHS.length; left++) onTried?.()
    results.push(result)
  }
  const triedEverywhere = Math.min(...results.map(({ tried }) => tried.length))
  const all = STRENGTHS.slice(0, triedEverywhere).map((strength, index) => ({ strength, ...judge(rows, jobs, results, index) }))
  const best = all.reduce((least, one) => one.loss < least.loss ? one : least)
  return {
    folds, strength: best.strength, logits: best.logits, tried: all.map(({ strength, loss, accuracy }) => ({ strength, loss, accuracy }))
  }
}

function foldJob (rows: TrainingRows, foldOf: Uint8Array, fold: number): FoldJob {
  const pictures = Array.from({ length: rows.pictures }, (_, index) => index)
  return {
    kind: 'fold',
    rows,
    fitted: pictures.filter((picture) => foldOf[picture] !== fold),
    judged: pictures.filter((picture) => foldOf[picture] === fold),
    strengths: STRENGTHS
  }
}

/** What the strength of that index came to over all folds. */
function judge (
  rows: TrainingRows, jobs: readonly FoldJob[], results: readonly FoldResult[], strength: number
): { logits: Matrix, loss: number, accuracy: number } {
  const logits = zeros(rows.pictures, rows.classes)
  let [loss, total, right] = [0, 0, 0]
  results.forEach(({ tried }, fold) => {
    const judged = jobs[fold]?.judged ?? []
    const one = tried[strength]
    if (one === undefined || judged.length === 0) return
    const weight = judged.reduce((sum, picture) => sum + (rows.weights[picture] ?? 0), 0)
    loss += weight * one.loss
    total += weight
    judged.forEach((picture, index) => {
      const row = rowOf(one.logits, index)
      rowOf(logits, picture).set(row)
      if (indexOfLargest(row) === rows.labels[picture]) right++
    })
  })
  return { logits, loss: loss / total, accuracy: right / rows.pictures }
}
