import { EventEmitter } from 'node:events'
import type { BatchRunner } from './batcher.js'
import { Engine, type EngineOptions } from './engine.js'
import type { LoadReply, RunReply } from './protocol.js'

interface EnginesEvents {
  /** A worker failed and is being replaced. */
  restart: [reason: Error]
  /** A worker is up, for the first time or again. */
  ready: []
}

/** Several workers, each with a session of its own; a batch goes to the one that holds the fewest. */
export class Engines extends EventEmitter<EnginesEvents> implements BatchRunner {
  private readonly engines: readonly Engine[]
  private readonly held = new Map<Engine, number>()

  constructor (count: number, options: EngineOptions) {
    super()
    this.engines = Array.from({ length: count }, () => new Engine(options))
    for (const engine of this.engines) {
      engine.on('restart', (reason) => { this.emit('restart', reason) })
      engine.on('ready', () => { this.emit('ready') })
    }
  }

  get ready (): boolean {
    return this.workers > 0
  }

  /** Workers that can take a batch. */
  get workers (): number {
    return this.engines.filter((engine) => engine.ready).length
  }

  /** Starts the workers one after the other; rejects with the reason if one cannot be started. */
  async start (): Promise<LoadReply> {
    let reply
    try {
      for (const engine of this.engines) reply = await engine.start()
    } catch (error) {
      await this.close()
      throw error
    }
    if (reply === undefined) throw new RangeError('there is no engine to start')
    return reply
  }

  /** As `Engine.run`. */
  async run (images: ReadonlyArray<Uint8Array<ArrayBuffer>>): Promise<RunReply> {
    const engine = this.leastBusy()
    this.held.set(engine, this.holds(engine) + 1)
    try {
      return await engine.run(images)
    } finally {
      this.held.set(engine, this.holds(engine) - 1)
    }
  }

  async close (): Promise<void> {
    await Promise.all(this.engines.map((engine) => engine.close()))
  }

  /** A ready one wherever there is one; one that is not answers with the reason. */
  private leastBusy (): Engine {
    const rank = (engine: Engine): number => engine.ready ? this.holds(engine) : Infinity
    return this.engines.reduce((best, engine) => rank(engine) < rank(best) ? engine : best)
  }

  private holds (engine: Engine): number {
    return this.held.get(engine) ?? 0
  }
}
