import { performance } from 'node:perf_hooks'

/** Clients that are counted at a time: whoever came last longest ago is forgotten first, so that memory stays bounded. */
const MAX_CLIENTS = 10_000

interface Window {
  readonly beganAt: number
  current: number
}

/**
 * The store of @fastify/rate-limit, by a clock that nobody sets: its own one goes by the system's time, and where that is set back,
 * whoever had used up a minute would wait as much longer.
 */
export class RateWindows {
  /** In the order of their last requests. */
  private readonly windows = new Map<string, Window>()

  /** Counts one request of this client, and tells how many its window of so many milliseconds holds and how long it lasts. */
  incr (client: string, done: (error: null, counted: { current: number, ttl: number }) => void, windowMs: number): void {
    const now = performance.now()
    const known = this.windows.get(client)
    const window = known === undefined || known.beganAt + windowMs <= now ? { beganAt: now, current: 0 } : known
    window.current++
    this.windows.delete(client)
    this.windows.set(client, window)
    if (this.windows.size > MAX_CLIENTS) this.forgetOne()
    done(null, { current: window.current, ttl: window.beganAt + windowMs - now })
  }

  /** Routes have no limits of their own. */
  child (): this {
    return this
  }

  private forgetOne (): void {
    const [longestAgo] = this.windows.keys()
    if (longestAgo !== undefined) this.windows.delete(longestAgo)
  }
}
