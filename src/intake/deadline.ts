import { setMaxListeners } from 'node:events'
import type { ServiceError } from '../base/errors.js'
import { deadlineExceeded } from '../base/sentences.js'

/** The time of one request, and the signal that it is over or that nobody waits for the answer any more. */
export class Deadline {
  private readonly controller = new AbortController()
  private readonly timer: NodeJS.Timeout

  constructor (readonly timeoutMs: number) {
    // Each image of the request listens, and 32 of them are no leak.
    setMaxListeners(0, this.controller.signal)
    this.timer = setTimeout(() => {
      this.controller.abort(deadlineExceeded(timeoutMs))
    }, timeoutMs)
  }

  /** Aborted with a ServiceError. */
  get signal (): AbortSignal {
    return this.controller.signal
  }

  /** Ends the request: nothing is left to wait for, or it is given up for this reason. */
  end (reason?: ServiceError): void {
    clearTimeout(this.timer)
    if (reason !== undefined) this.controller.abort(reason)
  }
}
