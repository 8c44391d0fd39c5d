import { logitsOf, rowLoss, type Linear } from './logistic.js'
import { rowOf, type Matrix } from './matrix.js'
import { HeadProblem } from './problem.js'
import { rowsOf, type TrainingRows } from './rows.js'

/** Gradient at which the fit that is kept ends, relative to that of weights of 0. */
const FINAL_TOLERANCE = 1e-7
/** The same for fits that choose a strength, as a share of it: the weaker the penalty, the smaller a gradient still moves the fit. */
const CHOOSING_PRECISION = 1e-3
const [FINEST, COARSEST] = [1e-6, 1e-4]
/** Weaker penalties than the best one so far are not tried any more once the loss is so many times that one's. */
const HOPELESS = 1.2

/** Heads for one fold: fitted to the other pictures, judged by these, with one strength after the other. */
export interface FoldJob {
  readonly kind: 'fold'
  readonly rows: TrainingRows
  /** Indices of pictures to fit to, and below of those to judge by. */
  readonly fitted: readonly number[]
  readonly judged: readonly number[]
  /** Strongest first. */
  readonly strengths: readonly number[]
}

/** The head that is kept. */
export interface FinalJob {
  readonly kind: 'final'
  readonly rows: TrainingRows
  readonly strength: number
}

export type FitJob = FoldJob | FinalJob

/** For each strength that was tried, the logits of the judged pictures, in their order, and their mean loss by weights. */
export interface FoldResult {
  readonly tried: ReadonlyArray<{ readonly logits: Matrix, readonly loss: number }>
}

export interface FinalResult {
  readonly head: Linear
  readonly iterations: number
  /** Norm of the gradient at the end, of the one where all weights are 0. */
  readonly relativeGradient: number
  readonly converged: boolean
}

export function fitFold ({ rows, fitted, judged, strengths }: FoldJob, onTried: () => void): FoldResult {
  const problem = new HeadProblem(rowsOf(rows, fitted, { variants: true }))
  const held = rowsOf(rows, judged, { variants: false })
  const tried: Array<FoldResult['tried'][number]> = []
  let start: Float64Array | undefined
  let least = Infinity
  for (const strength of strengths) {
    start = problem.fit(strength, choosingTolerance(strength), start).parameters
    const logits = logitsOf(held.features, problem.linear(start))
    const loss = meanLoss(logits, held.labels, held.weights)
    tried.push({ logits, loss })
    onTried()
    least = Math.min(least, loss)
    if (loss > HOPELESS * least) break
  }
  return { tried }
}

function choosingTolerance (strength: number): number {
  return Math.min(COARSEST, Math.max(FINEST, CHOOSING_PRECISION * strength))
}

export function fitFinal ({ rows, strength }: FinalJob): FinalResult {
  const problem = new HeadProblem(rowsOf(rows, Array.from({ length: rows.pictures }, (_, index) => index), { variants: true }))
  const { parameters, iterations, relativeGradient, converged } = problem.fit(strength, FINAL_TOLERANCE)
  return { head: problem.linear(parameters), iterations, relativeGradient, converged }
}

/** Mean cross-entropy of logits, in nats, by the rows' weights. */
export function meanLoss (logits: Matrix, labels: ArrayLike<number>, weights: Float64Array): number {
  let [loss, total] = [0, 0]
  for (let row = 0; row < logits.rows; row++) {
    const weight = weights[row] ?? 0
    loss += weight * rowLoss(rowOf(logits, row), labels[row] ?? 0)
    total += weight
  }
  return loss / total
}
