import type { Batcher } from '../engine/batcher.js'
import type { Snapshot } from '../telemetry/snapshot.js'
import type { Runtime } from './runtime.js'
import type { Workload } from './workload.js'

interface StateParts {
  readonly runtime: Runtime
  readonly batcher: Batcher
  readonly workload: Workload
  /** Workers that there are once all have started. */
  readonly workers: number
}

/** What changes about a model while it is open, as it is at the moment of asking. */
export class ModelState implements Omit<Snapshot, 'ready'> {
  constructor (private readonly parts: StateParts) {}

  /** Why the model answers nothing now: it has no worker, or nothing can be decoded. Undefined where it answers. */
  get notReadyReason (): 'restarting' | 'decoder_failed' | undefined {
    if (!this.hasWorker) return 'restarting'
    return this.parts.runtime.decoder.problem === undefined ? undefined : 'decoder_failed'
  }

  get hasWorker (): boolean {
    const { watch, pool } = this.parts.runtime
    return !watch.isLost && pool.ready
  }

  get workers (): Snapshot['workers'] {
    const { workers, runtime: { pool } } = this.parts
    return { ready: pool.workers, starting: workers - pool.workers }
  }

  get decodes (): Snapshot['decodes'] {
    const { decoder } = this.parts.runtime
    return { running: decoder.active, waiting: decoder.waiting }
  }

  get batchAgeMs (): number {
    return this.parts.batcher.batchAgeMs
  }

  /** Bytes that the workers' processes have in memory; 0 where the system does not tell. */
  get residentBytes (): number {
    return this.parts.runtime.pool.usage.residentBytes
  }

  /** Whole seconds after which who finds no room is to try again. */
  get retryAfterSeconds (): number {
    return this.parts.workload.retryAfterSeconds
  }
}
