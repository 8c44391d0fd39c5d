import { engineLost } from '../base/sentences.js'
import type { Batcher } from '../engine/batcher.js'
import type { WorkerObserver } from '../engine/supervised-worker.js'
import type { Metrics } from '../telemetry/metrics.js'

/** Hears of a model's workers, and tells the metrics, the model's queue and whoever runs the service. */
export class WorkerWatch implements WorkerObserver {
  /** The queue in front of the workers; there is none while they start. */
  queue: Batcher | undefined
  private isOver = false

  constructor (private readonly metrics: Metrics, private readonly operator: WorkerObserver = {}) {}

  /** There will be no worker any more. */
  get isLost (): boolean {
    return this.isOver
  }

  ready (): void {
    this.queue?.wake()
    this.operator.ready?.()
  }

  failed (reason: Error): void {
    this.metrics.workerRestarts.inc()
    this.operator.failed?.(reason)
  }

  notReplaced (reason: Error): void {
    this.operator.notReplaced?.(reason)
  }

  lost (reason: Error): void {
    this.isOver = true
    this.queue?.giveUp(engineLost())
    this.operator.lost?.(reason)
  }
}
