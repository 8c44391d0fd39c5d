import { OperatorError } from '../base/errors.js'

/** What was asked for cannot be written, or not all of it. */
export class OutputError extends OperatorError {
  override readonly name = 'OutputError'
}
