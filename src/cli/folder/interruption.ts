import { SAME_SIGNAL_MS } from '../../base/signals.js'
import { interruptedBy } from '../exit-codes.js'

const SIGNALS = ['SIGINT', 'SIGTERM'] as const

/** Asks for an end in order: the first signal is remembered, the second one ends the process at once. */
export class Interruption {
  private first: NodeJS.Signals | undefined
  private firstAt = NaN
  private readonly listener = (signal: NodeJS.Signals): void => {
    if (this.first === undefined) {
      this.first = signal
      this.firstAt = Date.now()
    } else if (Date.now() - this.firstAt > SAME_SIGNAL_MS) {
      process.exit(interruptedBy(signal))
    }
  }

  constructor () {
    for (const signal of SIGNALS) process.on(signal, this.listener)
  }

  /** The signal that came, if one did. */
  get signal (): NodeJS.Signals | undefined {
    return this.first
  }

  /** Leaves signals to others again. */
  close (): void {
    for (const signal of SIGNALS) process.off(signal, this.listener)
  }
}
