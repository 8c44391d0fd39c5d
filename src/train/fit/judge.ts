import { indexOfLargest } from '../../base/statistics.js'
import type { TrainingProcess } from '../process/training-process.js'
import type { Examples } from './batches.js'

/** What the losses and hits of several pictures come to. */
export interface Scores {
  readonly loss: number
  readonly accuracy: number
}

/** A judgement that counts each class the same, too. */
export interface ClassScores extends Scores {
  /** Mean over the classes that have pictures of the share of each that is right. */
  readonly balancedAccuracy: number
}

/** Adds up what is told of pictures, a batch at a time. */
export class Tally {
  constructor (private pictures = 0, private loss = 0, private correct = 0) {}

  add (losses: ArrayLike<number>, correct: number): void {
    this.pictures += losses.length
    for (let index = 0; index < losses.length; index++) this.loss += losses[index] ?? 0
    this.correct += correct
  }

  get judgement (): Scores {
    return { loss: this.loss / this.pictures, accuracy: this.correct / this.pictures }
  }

  /** What `new Tally(...)` goes on from. */
  get state (): readonly [pictures: number, loss: number, correct: number] {
    return [this.pictures, this.loss, this.correct]
  }
}

/** How many rows of logits are largest where the row of labels is. */
export function hits (logits: Float32Array, labels: Float32Array, classes: number): number {
  let count = 0
  for (let start = 0; start < logits.length; start += classes) {
    if (indexOfLargest(logits.subarray(start, start + classes)) === indexOfLargest(labels.subarray(start, start + classes))) count++
  }
  return count
}

/** Judges the network as it would serve, so many pictures at a time. */
export async function judge (
  training: Pick<TrainingProcess, 'evaluate'>, { labels, pixels }: Examples, batch: number, classes: number
): Promise<ClassScores> {
  const tally = new Tally()
  const [there, right] = [new Uint32Array(classes), new Uint32Array(classes)]
  for (let start = 0; start < labels.length; start += batch) {
    const indices = Array.from({ length: Math.min(batch, labels.length - start) }, (_, index) => start + index)
    const logits = await training.evaluate(await Promise.all(indices.map(pixels)))
    const rows = indices.map((index, row) => ({
      values: logits.subarray(row * classes, (row + 1) * classes), label: labels[index] ?? 0
    }))
    const correct = rows.filter(({ values, label }) => indexOfLargest(values) === label)
    for (const { label } of rows) there[label] = (there[label] ?? 0) + 1
    for (const { label } of correct) right[label] = (right[label] ?? 0) + 1
    tally.add(rows.map(({ values, label }) => crossEntropy(values, label)), correct.length)
  }
  return { ...tally.judgement, balancedAccuracy: balanced(there, right) }
}

function balanced (there: Uint32Array, right: Uint32Array): number {
  const recalls = [...there].flatMap((pictures, label) => pictures === 0 ? [] : (right[label] ?? 0) / pictures)
  return recalls.reduce((sum, recall) => sum + recall, 0) / recalls.length
}

/** Cross entropy of one picture's logits with its class. */
function crossEntropy (logits: Float32Array, label: number): number {
  const most = Math.max(...logits)
  return Math.log(logits.reduce((sum, value) => sum + Math.exp(value - most), 0)) + most - (logits[label] ?? NaN)
}
