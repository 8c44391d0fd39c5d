import { performance } from 'node:perf_hooks'
import { SAME_SIGNAL_MS } from '../../base/signals.js'
import { interruptedBy } from '../exit-codes.js'

const SIGNALS = ['SIGINT', 'SIGTERM'] as const

/**
 * Ends the process on a signal: at once, until `finishFirst` is called, and from then on after what is under way, which asks
 * for `signal`. A second signal does not wait. Process 1 of a container would otherwise not end by a signal at all.
 */
export class Interruption {
  private finishes = false
  private first: NodeJS.Signals | undefined
  private firstAt = NaN

  constructor () {
    for (const signal of SIGNALS) process.on(signal, () => { this.receive(signal) })
  }

  /** The signal that came, if one did. */
  get signal (): NodeJS.Signals | undefined {
    return this.first
  }

  /** There is work now that is worth finishing. */
  finishFirst (): void {
    this.finishes = true
  }

  private receive (signal: NodeJS.Signals): void {
    const isSecond = this.first !== undefined && performance.now() - this.firstAt > SAME_SIGNAL_MS
    if (!this.finishes || isSecond) process.exit(interruptedBy(signal))
    if (this.first !== undefined) return
    this.first = signal
    this.firstAt = performance.now()
  }
}
