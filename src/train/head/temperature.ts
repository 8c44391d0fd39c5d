import { meanLoss } from './fit-jobs.js'
import { selectRows, type Matrix } from './matrix.js'

/** Logits of pictures that the head was not fitted to, with their classes and how much each counts. */
export interface Judged {
  readonly logits: Matrix
  readonly labels: ArrayLike<number>
  readonly weights: Float64Array
}

/** What logits may be divided by. */
const [LOWEST, HIGHEST] = [1 / 20, 20]
/** How close the temperature's logarithm is found. */
const PRECISION = 1e-6
const GOLDEN = (Math.sqrt(5) - 1) / 2

/**
 * The temperature (Guo et al. 2017, arXiv 1706.04599) that logits are to be divided by so that probabilities say how often they are
 * right: the one of the least loss if it helps, which two halves of the pictures decide, each judged by the other's; 1 if not.
 */
export function temperatureOf (judged: Judged): number {
  const halves = [0, 1].map((half) => everySecond(judged, half))
  if (halves.some(({ logits }) => logits.rows === 0)) return 1
  const [first, second] = halves as [Judged, Judged]
  const cooled = lossAt(first, bestTemperature(second)) + lossAt(second, bestTemperature(first))
  return cooled < lossAt(first, 1) + lossAt(second, 1) ? bestTemperature(judged) : 1
}

/** The loss has one minimum, by golden section. */
function bestTemperature (judged: Judged): number {
  let [low, high] = [Math.log(LOWEST), Math.log(HIGHEST)]
  while (high - low > PRECISION) {
    const left = high - GOLDEN * (high - low)
    const right = low + GOLDEN * (high - low)
    if (lossAt(judged, Math.exp(left)) < lossAt(judged, Math.exp(right))) high = right
    else low = left
  }
  return Math.exp((low + high) / 2)
}

function lossAt ({ logits, labels, weights }: Judged, temperature: number): number {
  return meanLoss(divided(logits, temperature), labels, weights)
}

export function divided (logits: Matrix, temperature: number): Matrix {
  return { ...logits, data: logits.data.map((value) => value / temperature) }
}

function everySecond ({ logits, labels, weights }: Judged, half: number): Judged {
  const rows = Array.from({ length: logits.rows }, (_, row) => row).filter((row) => row % 2 === half)
  return {
    logits: selectRows(logits, rows),
    labels: rows.map((row) => labels[row] ?? 0),
    weights: Float64Array.from(rows, (row) => weights[row] ?? 0)
  }
}
