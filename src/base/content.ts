import { OperatorError } from './errors.js'

/*
 * Libraries that read what people have (JSON, archives, Protocol Buffers) say what is wrong with it by errors of any class. Where they
 * are called is the one place that knows these errors from defects of this program.
 */

/** What a library throws at content, as an OperatorError; what the system refuses, and what is one already, as it is. */
export function contentError (error: unknown): unknown {
  const { message, syscall } = error as NodeJS.ErrnoException
  return error instanceof OperatorError || syscall !== undefined ? error : new OperatorError(message, { cause: error })
}

/** Has a library judge content, in one call. What it throws becomes an OperatorError. */
export function judged<T> (step: () => T): T {
  try {
    return step()
  } catch (error) {
    throw contentError(error)
  }
}
