import { usableCpus } from '../base/cpus.js'
import { sumOfUsage, type ProcessUsage } from '../base/process-usage.js'
import type { BatchRunner } from './batcher.js'
import { SupervisedWorker, type WorkerOptions } from './supervised-worker.js'
import type { EngineImages, LoadReply, RunReply } from './protocol.js'
import { PROBABILITIES_ONLY, type Wanted } from './wanted.js'

/** What a worker takes while it loads, at most, of what it has then: 2.7 of the bundled model, 1.5 of Xception at full size. */
const LOADING_SHARE = 3

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

  /**
   * Starts the first worker alone, which finds out whether the model can be loaded and how much memory that takes, then the others,
   * as many side by side as CPUs and memory allow. Rejects with the reason if one cannot be started.
   */
  async start (): Promise<LoadReply> {
    const [first, ...others] = this.all
    if (first === undefined) throw new RangeError('there is no worker to start')
    try {
      const reply = await first.start()
      const { residentBytes: loadedBytes } = first.usage
      const machine = { cpus: usableCpus(), availableBytes: process.availableMemory() }
      const waiting = others.values()
      const startInTurn = async (): Promise<void> => { for (const worker of waiting) await worker.start() }
      await Promise.all(Array.from({ length: startsAtOnce({ ...machine, workers: others.length, loadedBytes }) }, startInTurn))
      return reply
    } catch (error) {
      await this.close()
      throw error
    }
  }

  /** Has all workers do what `SupervisedWorker.warmUpWith` says. */
  warmUpWith (batchSizes: readonly number[]): void {
    for (const worker of this.all) worker.warmUpWith(batchSizes)
  }

  /** Has the least busy worker do what `SupervisedWorker.run` says. */
  async run (images: EngineImages, wanted: Wanted = PROBABILITIES_ONLY): Promise<RunReply> {
    const worker = this.leastBusy()
    this.held.set(worker, this.holds(worker) + 1)
    try {
      return await worker.run(images, wanted)
    } finally {
      this.held.set(worker, this.holds(worker) - 1)
    }
  }

  /** Has the least busy worker do what `SupervisedWorker.rouse` says. */
  rouse (): void {
    this.leastBusy().rouse()
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

interface StartFacts {
  /** Workers that are to be started. */
  readonly workers: number
  /** Memory of one that has loaded; 0 where the system does not tell. */
  readonly loadedBytes: number
  /** Memory that is left. */
  readonly availableBytes: number
  readonly cpus: number
}

/** How many workers may load at the same time, so that memory holds them and, later, all. At least one. */
export function startsAtOnce ({ workers, loadedBytes, availableBytes, cpus }: StartFacts): number {
  const spareBytes = availableBytes - workers * loadedBytes
  const inMemory = loadedBytes === 0 ? Infinity : Math.floor(spareBytes / ((LOADING_SHARE - 1) * loadedBytes))
  return Math.max(1, Math.min(workers, cpus, inMemory))
}
