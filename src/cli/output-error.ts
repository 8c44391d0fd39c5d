import { OperatorError } from '../base/errors.js'

/** What was asked for cannot be written, or not all of it. */
export class OutputError extends OperatorError {
  override readonly name = 'OutputError'

  /** What the system refuses while `path` is written; another error as it is. */
  static of (path: string, cause: unknown): unknown {
    const { message, syscall } = cause as NodeJS.ErrnoException
    return syscall === undefined ? cause : new OutputError(`${path} cannot be written: ${message}.`, { cause })
  }
}
