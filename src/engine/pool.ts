import { sumOfUsage, type ProcessUsage } from '../base/process-usage.js'
import type { BatchRunner } from './batcher.js'
import { SupervisedWorker, type WorkerOptions } from './supervised-worker.js'
import type { EngineImages, LoadReply, RunReply } from './protocol.js'
import { PROBABILITIES_ONLY, type Wanted } from './wanted.js'

/** Several workers, each a process with a session of its own; a batch goes to the one that holds the fewest. */
export class WorkerPool implements BatchRunner {
  private readonly all: readonly SupervisedWorker[]
  private readonly held = new Map<SupervisedWorker, number>()

  /** The observer in `options` is told of each worker. */
  constructor (count: number, options: WorkerOptions) {
    this.all = Array.from({ length: count }, () => new SupervisedWorker(options))
  }

  get ready (): boolean {
    return this.workers > 0
  }

  /** Workers that can take a batch. */
  get workers (): number {
    return this.all.filter((worker) => worker.ready).length
  }

  /** As of `SupervisedWorker`, for all workers. */
  get usage (): ProcessUsage {
    return sumOfUsage(this.all.map((worker) => worker.usage))
  }

  /** Starts the workers one after the other; rejects with the reason if one cannot be started. */
  async start (): Promise<LoadReply> {
    let reply
    try {
      for (const worker of this.all) reply = await worker.start()
    } catch (error) {
      await this.close()
      throw error
    }
    if (reply === undefined) throw new RangeError('there is no worker to start')
    return reply
  }

  /** As `SupervisedWorker.warmUpWith`, for all workers. */
  warmUpWith (batchSizes: readonly number[]): void {
    for (const worker of this.all) worker.warmUpWith(batchSizes)
  }

  /** As `SupervisedWorker.run`. */
  async run (images: EngineImages, wanted: Wanted = PROBABILITIES_ONLY): Promise<RunReply> {
    const worker = this.leastBusy()
    this.held.set(worker, this.holds(worker) + 1)
    try {
      return await worker.run(images, wanted)
    } finally {
      this.held.set(worker, this.holds(worker) - 1)
    }
  }

  async close (): Promise<void> {
    await Promise.all(this.all.map((worker) => worker.close()))
  }

  /** A ready one wherever there is one; one that is not answers with the reason. */
  private leastBusy (): SupervisedWorker {
    const rank = (worker: SupervisedWorker): number => worker.ready ? this.holds(worker) : Infinity
    return this.all.reduce((best, worker) => rank(worker) < rank(best) ? worker : best)
  }

  private holds (worker: SupervisedWorker): number {
    return this.held.get(worker) ?? 0
  }
}
