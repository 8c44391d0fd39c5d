import { performance } from 'node:perf_hooks'
import { unreachable } from '../base/sentences.js'

/** An image that was answered counts half as much once so many more were. */
const HALF_LIFE_IMAGES = 50
const DECAY = 0.5 ** (1 / HALF_LIFE_IMAGES)
/** Fewer than these say too little. */
const LEAST_MEASURED_IMAGES = 16
const LONGEST_RETRY_SECONDS = 60
/** Those who were refused at the same time come back spread over so much more of it. */
const RETRY_SPREAD = 0.5

export interface WorkloadOptions {
  /** Images at a time that keep the service busy: with fewer in its hands, how fast they leave says how fast they come. */
  readonly fullLoad: number
  /** Milliseconds, and a number from 0 to below 1; the system's where they are left out. */
  readonly now?: () => number
  readonly random?: () => number
}

/**
 * The images that have arrived and are not answered yet, by client, and how fast the service works them off: measured while it
 * has all that it can do, and weighted towards what was answered last.
 */
export class Workload {
  private readonly imagesOf = new Map<string, number>()
  private images = 0
  private measuredImages = 0
  private measuredMs = 0
  private lastLeftAt = 0
  private readonly now: () => number
  private readonly random: () => number

  constructor (private readonly options: WorkloadOptions) {
    this.now = options.now ?? (() => performance.now())
    this.random = options.random ?? Math.random
  }

  /** Images that arrived and were neither answered nor given up. */
  get size (): number {
    return this.images
  }

  arrived (client: string, images: number): void {
    if (!this.isFull) this.lastLeftAt = this.now()
    this.change(client, images)
  }

  /** One image was answered, or given up. */
  left (client: string, wasAnswered: boolean): void {
    if (this.isFull && wasAnswered) this.measure()
    this.change(client, -1)
  }

  /** Images a second under full load; undefined as long as that is not known. */
  get rate (): number | undefined {
    return this.measuredImages < LEAST_MEASURED_IMAGES || this.measuredMs === 0 ? undefined : this.measuredImages / this.measuredMs * 1000
  }

  /**
   * Seconds after which one more image of this client would be answered: clients take turns, so of each other one only as many
   * come before it as this one has. Undefined with less than full load, and where the rate is not known.
   */
  secondsUntilAnswered (client: string): number | undefined {
    const { rate } = this
    if (!this.isFull || rate === undefined) return undefined
    const own = (this.imagesOf.get(client) ?? 0) + 1
    let before = 0
    for (const [other, images] of this.imagesOf) if (other !== client) before += Math.min(images, own)
    return (before + own) / rate
  }

  /**
   * Throws a ServiceError `deadline_unreachable` if one more image of this client would not be answered within so many
   * milliseconds, as far as can be told.
   */
  demandTime (client: string, withinMs: number): void {
    const seconds = this.secondsUntilAnswered(client)
    if (seconds === undefined || seconds * 1000 <= withinMs) return
    throw unreachable(seconds, withinMs, this.retryAfterSeconds)
  }

  /** Whole seconds after which all that is here now is worked off, and a part more by chance. */
  get retryAfterSeconds (): number {
    const seconds = this.rate === undefined ? 0 : this.images / this.rate
    return Math.min(LONGEST_RETRY_SECONDS, Math.max(1, Math.ceil(seconds * (1 + RETRY_SPREAD * this.random()))))
  }

  private get isFull (): boolean {
    return this.images >= this.options.fullLoad
  }

  private measure (): void {
    const now = this.now()
    this.measuredImages = this.measuredImages * DECAY + 1
    this.measuredMs = this.measuredMs * DECAY + now - this.lastLeftAt
    this.lastLeftAt = now
  }

  private change (client: string, by: number): void {
    this.images += by
    const own = (this.imagesOf.get(client) ?? 0) + by
    if (own === 0) this.imagesOf.delete(client)
    else this.imagesOf.set(client, own)
  }
}
