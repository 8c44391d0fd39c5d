import type { NetworkInput } from '../../model/network.js'
import type { StepResult } from '../process/protocol.js'
import type { TrainingProcess } from '../process/training-process.js'
import { Batches, type Batch, type Examples } from './batches.js'
import { writeCheckpoint, type EpochMetrics, type Progress } from './checkpoint.js'
import { hits, judge, Tally } from './judge.js'
import { learningRateAt, type Recipe } from './recipe.js'

/** Who follows a training. */
export interface Watcher {
  /** Told of each step: how many are done, and of how many. */
  readonly onStep?: ((steps: number, of: number) => void) | undefined
  /** Told of each epoch, those of an earlier start included, before its checkpoint is written. */
  readonly onEpoch?: ((metrics: EpochMetrics) => Promise<void> | void) | undefined
  /** Asked after each step. */
  readonly isToStop?: (() => boolean) | undefined
}

export interface RunOptions {
  readonly recipe: Recipe
  readonly train: Examples
  readonly validation: Examples
  readonly classes: number
  readonly input: NetworkInput
  readonly folder: string
  readonly watcher: Watcher
}

/** The steps of a training, from where its progress says to the last. */
export class Run {
  readonly epochs: EpochMetrics[]
  private readonly batches: Batches
  private readonly steps: number
  private readonly identity: string
  private done: number
  private tally: Tally

  constructor (private readonly options: RunOptions, private readonly training: TrainingProcess, progress: Progress) {
    const { train: examples, recipe } = options
    this.batches = new Batches({ ...options, examples })
    this.steps = recipe.epochs * this.batches.stepsPerEpoch
    this.identity = progress.identity
    this.done = progress.steps
    this.tally = new Tally(...progress.tally)
    this.epochs = [...progress.epochs]
  }

  /** Goes on to the last step, or to where the watcher has it stop; then it is false, and a checkpoint is there. */
  async toEnd (): Promise<boolean> {
    const { watcher } = this.options
    for (const epoch of this.epochs) await watcher.onEpoch?.(epoch)
    while (this.done < this.steps) {
      if (!await this.toEpochsEnd()) {
        await this.keep()
        return false
      }
      await this.endEpoch()
      await this.keep()
    }
    return true
  }

  /** Makes each batch while the step before it is computed. */
  private async toEpochsEnd (): Promise<boolean> {
    const { watcher } = this.options
    const end = (Math.floor(this.done / this.batches.stepsPerEpoch) + 1) * this.batches.stepsPerEpoch
    let next = await this.batches.at(this.done)
    while (this.done < end) {
      const batch = next
      const computing = this.training.step({ ...batch, learningRate: this.learningRate(this.done) })
      // What goes wrong meanwhile is thrown where the step is waited for.
      computing.catch(() => {})
      if (this.done + 1 < end) next = await this.batches.at(this.done + 1)
      this.count(batch, await computing)
      watcher.onStep?.(this.done, this.steps)
      if (this.done < end && watcher.isToStop?.() === true) return false
    }
    return true
  }

  private count ({ labels }: Batch, { losses, logits }: StepResult): void {
    this.tally.add(losses, hits(logits, labels, this.options.classes))
    this.done++
  }

  private async endEpoch (): Promise<void> {
    const { loss, accuracy } = this.tally.judgement
    this.tally = new Tally()
    const { validation: examples, classes, recipe: { batch } } = this.options
    const validation = examples.labels.length === 0 ? undefined : await judge(this.training, examples, batch, classes)
    const metrics: EpochMetrics = {
      epoch: this.epochs.length + 1,
      steps: this.done,
      learningRate: this.learningRate(this.done - 1),
      trainLoss: loss,
      trainAccuracy: accuracy,
      validationLoss: validation?.loss ?? null,
      validationAccuracy: validation?.accuracy ?? null
    }
    this.epochs.push(metrics)
    await this.options.watcher.onEpoch?.(metrics)
  }

  private async keep (): Promise<void> {
    const { identity, done: steps, tally, epochs } = this
    const progress = { identity, steps, tally: [...tally.state] as [number, number, number], epochs }
    await writeCheckpoint(this.options.folder, { progress, variables: await this.training.read() })
  }

  private learningRate (step: number): number {
    return learningRateAt(step, this.steps, this.options.recipe)
  }
}
