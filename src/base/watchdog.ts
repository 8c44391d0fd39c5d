/** Time is counted in steps: a process that was paused for long is late by one of them, and not by the pause. */
const STEPS = 10

/** Waits for one thing at a time. */
export class Watchdog {
  private timer: NodeJS.Timeout | undefined

  constructor (private readonly onLate: (limitMs: number) => void) {}

  /** Begins to wait anew; without a limit forever. */
  start (limitMs: number | undefined): void {
    this.stop()
    if (limitMs === undefined) return
    let steps = 0
    this.timer = setInterval(() => {
      if (++steps < STEPS) return
      this.stop()
      this.onLate(limitMs)
    }, limitMs / STEPS)
  }

  stop (): void {
    clearInterval(this.timer)
  }
}
