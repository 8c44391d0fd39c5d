import { shuttingDown, stillLoading } from '../base/sentences.js'
import type { LoadedModel } from './loaded-model.js'
import type { ModelState } from './model-state.js'
import type { ServedModel } from '../contract/models.js'
import type { NotReadyReason } from '../contract/status.js'
import type { Metrics } from '../telemetry/metrics.js'
import type { Snapshot } from '../telemetry/snapshot.js'

/**
 * The place of the model that serves, and what the routes see of the process: loading, then serving, then draining, then
 * closed to new requests.
 */
export class Slot {
  private current: LoadedModel | undefined
  /** The one that serves, and those that still answer what they admitted. */
  private readonly open = new Set<LoadedModel>()
  private draining = false
  private closed = false
  private step: string | undefined

  constructor (private readonly metrics: Metrics) {}

  /** Why the service takes no requests now, or undefined if it does. */
  get notReadyReason (): NotReadyReason | undefined {
    if (this.draining) return 'draining'
    if (this.current === undefined) return 'loading'
    return this.current.state.notReadyReason
  }

  /** The model that is served and how pictures become its input; undefined while it loads. */
  get model (): ServedModel | undefined {
    if (this.current === undefined) return undefined
    const { description, labels, input } = this.current.facts
    return { ...description, classes: labels.length, input }
  }

  /** Bytes that the engine's processes have in memory for the model that is served. */
  get residentBytes (): number {
    return this.current?.state.residentBytes ?? 0
  }

  /** What all models do at this moment. */
  get snapshot (): Snapshot {
    const all = [...this.open].map(({ state }) => state)
    const sum = (count: (one: ModelState) => number): number => all.reduce((total, one) => total + count(one), 0)
    return {
      ready: this.notReadyReason === undefined,
      workers: { ready: sum(({ workers }) => workers.ready), starting: sum(({ workers }) => workers.starting) },
      decodes: { running: sum(({ decodes }) => decodes.running), waiting: sum(({ decodes }) => decodes.waiting) },
      batchAgeMs: Math.max(0, ...all.map(({ batchAgeMs }) => batchAgeMs))
    }
  }

  /** What loading is at, in words; undefined once it is over. */
  get loadingStep (): string | undefined {
    return this.current === undefined ? this.step : undefined
  }

  loading (step: string): void {
    this.step = step
  }

  /**
   * Puts a model into the slot. New requests are its own; those that the one before admitted are still answered by that
   * one, which is closed when the promise resolves.
   */
  async put (next: LoadedModel): Promise<void> {
    const before = this.current
    const { description, computation, tensorflowVersion, queueSize } = next.facts
    this.current = next
    this.open.add(next)
    this.metrics.serves({ ...description, tensorflow_version: tensorflowVersion }, computation, queueSize)
    if (before !== undefined) await this.finish(before)
  }

  private async finish (model: LoadedModel): Promise<void> {
    await model.close()
    this.open.delete(model)
  }

  /** Closes the model, if there is one, once its requests are answered. */
  async end (): Promise<void> {
    if (this.current !== undefined) await this.finish(this.current)
  }

  /** Not ready any more, and still taking requests until load balancers have noticed. */
  drain (): void {
    this.draining = true
  }

  /** Takes no more requests. */
  close (): void {
    this.draining = true
    this.closed = true
  }

  /** Does one request's work with the model in the slot. Throws a ServiceError `not_ready` or `shutting_down`. */
  async use<T> (work: (model: LoadedModel) => Promise<T>): Promise<T> {
    if (this.closed) throw shuttingDown()
    if (this.current === undefined) throw stillLoading()
    return await this.current.use(work)
  }
}
