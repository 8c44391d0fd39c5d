/** A part of somebody's work, short against a turn; true if there is more of it. */
type Step = () => boolean

/**
 * Work of many on the event loop, in turns whose time is measured: in one turn of the loop all of them together get
 * `turnMs` and what the last step takes beyond that. Who has more to do waits behind the others.
 */
export class Turns {
  private waiting: Step[] = []
  private readonly takeTurn = (): void => {
    const end = performance.now() + this.turnMs
    let next = 0
    do {
      const step = this.waiting[next++] as Step
      if (step()) this.waiting.push(step)
    } while (next < this.waiting.length && performance.now() < end)
    this.waiting = this.waiting.slice(next)
    if (this.waiting.length > 0) setImmediate(this.takeTurn)
  }

  constructor (private readonly turnMs: number) {}

  /** Calls `step` from a later turn of the loop on, until it returns false. It must not throw. */
  add (step: Step): void {
    if (this.waiting.push(step) === 1) setImmediate(this.takeTurn)
  }
}
