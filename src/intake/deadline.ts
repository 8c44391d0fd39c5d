import { Abortable } from '../base/aborts.js'
import type { ServiceError } from '../base/errors.js'
import { deadlineExceeded } from '../base/sentences.js'

/** The time of one request, and the signal that it is over or that nobody waits for the answer any more. */
export class Deadline {
  private readonly controller = new Abortable()
  private readonly timer: NodeJS.Timeout

  constructor (readonly timeoutMs: number) {
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
