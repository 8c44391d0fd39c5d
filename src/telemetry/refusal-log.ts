import type { FastifyBaseLogger } from 'fastify'

const INTERVAL_MS = 10_000

/**
 * Keeps a flood of refused requests from being one of log lines, each of which would cost about as much as the refusal: the first
 * has its line, and those that follow within ten seconds one together. Metrics count them all.
 */
export class RefusalLog {
  private refused = 0
  private interval: NodeJS.Timeout | undefined

  constructor (private readonly log: FastifyBaseLogger) {}

  /** Counts a refusal; true if it is to have a line of its own. */
  add (): boolean {
    if (this.interval === undefined) {
      this.interval = setTimeout(() => { this.close() }, INTERVAL_MS).unref()
      return true
    }
    this.refused++
    return false
  }

  /** Says what was counted. */
  close (): void {
    clearTimeout(this.interval)
    this.interval = undefined
    const { refused } = this
    this.refused = 0
    if (refused > 0) this.log.warn({ refused }, `${refused} more requests were refused with 503 in the last 10 s`)
  }
}
