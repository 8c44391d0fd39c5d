import { Gauge, type Registry } from 'prom-client'

/** What is known at the moment of a scrape only. Of all models that are open, which are two while one takes the other's place. */
export interface Snapshot {
  readonly ready: boolean
  readonly workers: { readonly ready: number, readonly starting: number }
  readonly decodes: { readonly running: number, readonly waiting: number }
  /** Age of the batch that the engine has held longest, 0 if it holds none. */
  readonly batchAgeMs: number
}

/** The gauges that show a Snapshot. */
export class SnapshotGauges {
  private readonly ready
  private readonly workers
  private readonly decodes
  private readonly batchAge

  constructor (registry: Registry) {
    const registers = [registry]
    this.ready = new Gauge({ name: 'xception_ready', help: '1 while /readyz answers 200, else 0.', registers })
    this.workers = new Gauge({
      name: 'xception_workers',
      help: 'Workers that can take a batch (ready), and those that are being brought up again (starting).',
      labelNames: ['state'],
      registers
    })
    this.decodes = new Gauge({
      name: 'xception_decodes',
      help: 'Images that are being decoded (running) or wait for a decoder (waiting).',
      labelNames: ['state'],
      registers
    })
    this.batchAge = new Gauge({
      name: 'xception_running_batch_age_seconds',
      help: 'Time since the engine took the oldest batch that it has not given back, 0 if it has none.',
      registers
    })
  }

  /** Takes over what the next scrape is to show. */
  take ({ ready, workers, decodes, batchAgeMs }: Snapshot): void {
    this.ready.set(ready ? 1 : 0)
    for (const [state, count] of Object.entries(workers)) this.workers.set({ state }, count)
    for (const [state, count] of Object.entries(decodes)) this.decodes.set({ state }, count)
    this.batchAge.set(batchAgeMs / 1000)
  }
}
