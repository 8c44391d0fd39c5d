import { noRoom, nothingToReplace, reloadFailed, reloading } from '../base/sentences.js'
import { usableMemory } from '../base/memory.js'
import type { ModelDescription } from '../contract/models.js'
import type { LoadedModel } from './loaded-model.js'
import type { Slot } from './slot.js'

export interface ReloaderOptions {
  readonly slot: Slot
  /** Opens and warms what MODEL names now. */
  readonly open: () => Promise<LoadedModel>
  /** Bytes that the service has in memory, its engine's processes included, and that it may have; the system's where left out. */
  readonly residentBytes?: () => number
  readonly usableBytes?: () => number
}

/** Opens models for a slot: the first one, and others beside the one that serves, whose place they take. */
export class Reloader {
  private isReloading = false
  /** What the first model added to the service's memory. */
  private modelBytes = 0

  constructor (private readonly options: ReloaderOptions) {}

  /** Opens the first model. Throws an OperatorError if it cannot be served. */
  async load (): Promise<LoadedModel> {
    const { slot, open } = this.options
    const before = this.resident()
    const loaded = await open()
    await slot.put(loaded)
    this.modelBytes = Math.max(0, this.resident() - before)
    return loaded
  }

  /**
   * Opens what MODEL names beside the model that serves, switches, and resolves once the one before has answered its last
   * request and is closed. Throws a ServiceError, and the model before goes on serving: `reload_in_progress`,
   * `reload_refused` before anything is opened, or `reload_failed`, each with the reason.
   */
  async reload (): Promise<ModelDescription> {
    if (this.isReloading) throw reloading()
    this.isReloading = true
    try {
      this.demandRoom()
      const next = await this.openNext()
      await this.demandServing(next)
      await this.options.slot.put(next)
      return next.facts.description
    } finally {
      this.isReloading = false
    }
  }

  private async openNext (): Promise<LoadedModel> {
    try {
      return await this.options.open()
    } catch (error) {
      throw reloadFailed(error as Error)
    }
  }

  /** Two models at once that memory does not hold would end the process, and the one that serves with it. */
  private demandRoom (): void {
    const { slot } = this.options
    if (slot.notReadyReason === 'loading' || slot.notReadyReason === 'draining') {
      throw nothingToReplace(slot.notReadyReason)
    }
    const usable = (this.options.usableBytes ?? usableMemory)()
    const needed = this.resident() + this.modelBytes
    if (needed <= usable) return
    throw noRoom(inMiB(needed), inMiB(usable))
  }

  private async demandServing (next: LoadedModel): Promise<void> {
    if (this.options.slot.notReadyReason !== 'draining') return
    await next.close()
    throw nothingToReplace('draining')
  }

  private resident (): number {
    const { residentBytes, slot } = this.options
    return residentBytes === undefined ? process.memoryUsage.rss() + slot.residentBytes : residentBytes()
  }
}

function inMiB (bytes: number): number {
  return Math.round(bytes / 2 ** 20)
}
