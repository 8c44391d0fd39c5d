import { indexOfLargest } from '../../base/statistics.js'

/** Probabilities of one picture, one a class, and its class. */
export interface Judgement {
  readonly probabilities: Float64Array
  readonly label: number
}

export interface ClassFigures {
  readonly name: string
  readonly pictures: number
  /** Share of what was taken for this class that is of it; null where nothing was. */
  readonly precision: number | null
  /** Share of this class that was taken for it; null where it has no pictures. */
  readonly recall: number | null
}

/** Pictures whose most probable class has a probability from `from` up to, not including, `to`. */
export interface ReliabilityBin {
  readonly from: number
  readonly to: number
  readonly pictures: number
  /** Mean of these probabilities, and share that is right; null where there are no pictures. */
  readonly confidence: number | null
  readonly accuracy: number | null
}

/** How good probabilities are. */
export interface Evaluation {
  readonly pictures: number
  readonly accuracy: number
  /** Mean over the classes that have pictures of the share of each that is right: every class counts the same. */
  readonly balancedAccuracy: number
  /** Share of pictures whose class is among the k most probable ones. */
  readonly topK: ReadonlyArray<{ readonly k: number, readonly accuracy: number }>
  /** Mean of minus the logarithm of the right class's probability, in nats. */
  readonly loss: number
  readonly classes: readonly ClassFigures[]
  /** Pictures by their class (row) and the class they were taken for (column). */
  readonly confusion: ReadonlyArray<readonly number[]>
  readonly reliability: readonly ReliabilityBin[]
  /** Mean distance of confidence and accuracy over the bins, by their pictures. */
  readonly expectedCalibrationError: number
}

const BINS = 10
/** Values of k that are judged, as far as there are more classes. */
const TOP = [2, 3, 5, 10]
const LEAST_PROBABILITY = 1e-300

export function evaluate (judgements: readonly Judgement[], classes: readonly string[]): Evaluation {
  const confusion = confusionOf(judgements, classes.length)
  const reliability = reliabilityOf(judgements)
  const figures = classes.map((name, label) => figuresOf(name, label, confusion))
  const recalls = figures.flatMap(({ recall }) => recall ?? [])
  return {
    pictures: judgements.length,
    accuracy: shareOf(judgements, (judgement) => rankOf(judgement) < 1),
    balancedAccuracy: recalls.reduce((sum, recall) => sum + recall, 0) / recalls.length,
    topK: TOP.filter((k) => k < classes.length).map((k) => ({ k, accuracy: shareOf(judgements, (judgement) => rankOf(judgement) < k) })),
    loss: meanOf(judgements, ({ probabilities, label }) => -Math.log(Math.max(LEAST_PROBABILITY, probabilities[label] ?? 0))),
    classes: figures,
    confusion,
    reliability,
    expectedCalibrationError: reliability.reduce((sum, { pictures, confidence, accuracy }) => (
      sum + pictures / judgements.length * Math.abs((confidence ?? 0) - (accuracy ?? 0))
    ), 0)
  }
}

/** The class of the largest probability, the first of equal ones. */
export function predicted ({ probabilities }: Judgement): number {
  return indexOfLargest(probabilities)
}

export function confidenceOf ({ probabilities }: Judgement): number {
  return Math.max(...probabilities)
}

/** How many classes come before the right one, equal ones by their index. */
function rankOf ({ probabilities, label }: Judgement): number {
  const own = probabilities[label] ?? 0
  return probabilities.reduce((rank, value, index) => rank + (value > own || (value === own && index < label) ? 1 : 0), 0)
}

function confusionOf (judgements: readonly Judgement[], classes: number): number[][] {
  const confusion = Array.from({ length: classes }, () => new Array<number>(classes).fill(0))
  for (const judgement of judgements) {
    const row = confusion[judgement.label]
    const column = predicted(judgement)
    if (row !== undefined) row[column] = (row[column] ?? 0) + 1
  }
  return confusion
}

function figuresOf (name: string, label: number, confusion: ReadonlyArray<readonly number[]>): ClassFigures {
  const right = confusion[label]?.[label] ?? 0
  const pictures = (confusion[label] ?? []).reduce((sum, count) => sum + count, 0)
  const taken = confusion.reduce((sum, row) => sum + (row[label] ?? 0), 0)
  return { name, pictures, precision: ratio(right, taken), recall: ratio(right, pictures) }
}

function reliabilityOf (judgements: readonly Judgement[]): ReliabilityBin[] {
  return Array.from({ length: BINS }, (_, bin) => {
    const inside = judgements.filter((judgement) => Math.min(BINS - 1, Math.floor(confidenceOf(judgement) * BINS)) === bin)
    const right = inside.filter((judgement) => predicted(judgement) === judgement.label).length
    return {
      from: bin / BINS,
      to: (bin + 1) / BINS,
      pictures: inside.length,
      confidence: inside.length === 0 ? null : meanOf(inside, confidenceOf),
      accuracy: ratio(right, inside.length)
    }
  })
}

function ratio (part: number, whole: number): number | null {
  return whole === 0 ? null : part / whole
}

function shareOf (judgements: readonly Judgement[], holds: (judgement: Judgement) => boolean): number {
  return judgements.filter(holds).length / judgements.length
}

function meanOf (judgements: readonly Judgement[], of: (judgement: Judgement) => number): number {
  return judgements.reduce((sum, judgement) => sum + of(judgement), 0) / judgements.length
}
