/** Time is counted in steps: a process that was paused for long is late by one of them, and not by the pause. */
const STEPS = 10

/** Waits for one thing at a time. */
export class Watchdog {
  /** Goes on for a step when nothing is waited for any more: what is, often, needs no new one. */
  private timer: NodeJS.Timeout | undefined
  private limitMs: number | undefined
  private steps = 0

  constructor (private readonly onLate: (limitMs: number) => void) {}

  /** Begins to wait anew; without a limit forever. The wait keeps no process from its end. */
  start (limitMs: number | undefined): void {
    if (limitMs === undefined) return this.stop()
    this.steps = 0
    if (this.timer !== undefined && this.limitMs === limitMs) {
      this.timer.refresh()
      return
    }
    clearInterval(this.timer)
    this.limitMs = limitMs
    this.timer = setInterval(() => { this.step(limitMs) }, limitMs / STEPS).unref()
  }

  stop (): void {
    this.steps = -Infinity
  }

  private step (limitMs: number): void {
    if (++this.steps >= 0 && this.steps < STEPS) return
    clearInterval(this.timer)
    this.timer = undefined
    if (this.steps > 0) this.onLate(limitMs)
  }
}
