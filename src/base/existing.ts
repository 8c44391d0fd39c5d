import type { Stats } from 'node:fs'
import { stat } from 'node:fs/promises'
import { OperatorError } from './errors.js'

/** The system does not let a path be read, or there is nothing to be read: `code` is the system's. */
export class UnreadableError extends OperatorError {
  override readonly name = 'UnreadableError'

  constructor (path: string, readonly code: string, options?: ErrorOptions) {
    super(`${path} ${REASONS[code]?.(code) ?? `cannot be read (${code})`}`, options)
  }
}

const noDescriptors = (code: string): string =>
  `cannot be opened, since the process has no file descriptors left (${code}): raise its limit (ulimit -n)`
const notAllowed = (code: string): string => `cannot be read by this process (${code}): check its permissions and its disk`
const REASONS: Readonly<Record<string, (code: string) => string>> = {
  EMFILE: noDescriptors,
  ENFILE: noDescriptors,
  EACCES: notAllowed,
  EPERM: notAllowed,
  EIO: notAllowed,
  ELOOP: (code) => `cannot be read (${code}): its symbolic links lead in a circle`
}

const NOT_THERE = new Set(['ENOENT', 'ENOTDIR'])
/** Codes of Node's own: a path that no system could have, a file that no buffer holds. */
const BY_NODE = /^ERR_(?:INVALID_ARG_VALUE|FS_\w+)$/

/**
 * What the system says of a path, links followed; undefined where nothing is there. Throws an UnreadableError where it does not say, as
 * of a folder that may not be searched, links in a circle or a disk that fails.
 */
export async function existing (path: string): Promise<Stats | undefined> {
  return await ifThere(path, () => stat(path))
}

/** Runs a step that reads `path`; undefined where that is not there. What the system refuses else becomes an UnreadableError. */
export async function ifThere<T> (path: string, step: () => Promise<T>): Promise<T | undefined> {
  try {
    return await step()
  } catch (error) {
    if (isNotThere(error)) return undefined
    throw unreadable(path, error)
  }
}

/** Runs a step that reads `path`. What the system refuses becomes an UnreadableError. */
export async function reading<T> (path: string, step: () => Promise<T>): Promise<T> {
  try {
    return await step()
  } catch (error) {
    throw unreadable(path, error)
  }
}

/** Whether an error says that nothing is at a path, and not only that it cannot be read. */
export function isNotThere (error: unknown): boolean {
  return NOT_THERE.has((error as NodeJS.ErrnoException).code ?? '')
}

/**
 * What the system, or Node in its place, refuses at `path` or at the path that it names itself, as an UnreadableError; another error as it
 * is.
 */
export function unreadable (path: string, error: unknown): unknown {
  const { code = '', syscall, path: at = path } = error as NodeJS.ErrnoException
  return syscall === undefined && !BY_NODE.test(code) ? error : new UnreadableError(at, code, { cause: error })
}
