import { performance } from 'node:perf_hooks'
import { SingleBar } from 'cli-progress'

const LINE_INTERVAL_MS = 30_000

/** `1 picture`, `2 pictures`. */
export function countOf (count: number, noun = 'picture'): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}

/**
 * Counts pictures, or what else there is to be done, and shows it on standard error: a bar on a terminal, elsewhere
 * a line now and then.
 */
export class Progress {
  private done = 0
  private failures = 0
  private readonly startedAt = performance.now()
  private lastLineAt = this.startedAt
  private readonly bar: SingleBar | undefined

  constructor (private readonly total: number, private readonly noun = 'picture') {
    if (!process.stderr.isTTY) return
    this.bar = new SingleBar({
      format: `{bar} {value} of {total} ${noun}s, {rate} a second, {eta_formatted} left`,
      stream: process.stderr,
      etaAsynchronousUpdate: true
    })
    this.bar.start(total, 0, { rate: '-' })
  }

  /** Those that failed. */
  get failed (): number {
    return this.failures
  }

  /** Those that are still to be done. */
  get left (): number {
    return Math.max(0, this.total - this.done)
  }

  add (failed: boolean): void {
    this.done++
    if (failed) this.failures++
    this.bar?.update(this.done, { rate: this.rate })
    if (this.bar === undefined && performance.now() - this.lastLineAt > LINE_INTERVAL_MS) this.line()
  }

  /** Ends the bar. */
  stop (): void {
    this.bar?.stop()
  }

  /** What was done, in one sentence. */
  get summary (): string {
    return `${countOf(this.done, this.noun)} in ${this.seconds.toFixed(1)} s, ${this.rate} a second; ${this.failures} failed.`
  }

  private get seconds (): number {
    return (performance.now() - this.startedAt) / 1000
  }

  private get rate (): string {
    return (this.done / this.seconds).toFixed(2)
  }

  private line (): void {
    this.lastLineAt = performance.now()
    const minutes = Math.ceil(this.left * this.seconds / this.done / 60)
    process.stderr.write(`${this.done} of ${countOf(this.total, this.noun)}, ${this.rate} a second, about ${minutes} min left\n`)
  }
}
