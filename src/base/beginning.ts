import type { ChildProcess } from 'node:child_process'
import { OperatorError } from './errors.js'
import { Watchdog } from './watchdog.js'

/*
 * Node begins within moments, but where the system lets it start only some of its threads it may wait for the others for ever,
 * before the first line of its program: such a process neither notices that its parent is gone nor answers a signal. So a
 * program says that it runs, and its parent waits so long and no longer.
 */

const LIMIT_MS = 30_000
/** What a forked program sends first, by importing `say-begun.js`. */
export const BEGUN = 'begun'

/** What to do where no thread can be started. */
export const MORE_THREADS = 'raise the limit on processes and threads (pids.max of the control group, ulimit -u)'

const beginning = new Set<ChildProcess>()
process.on('exit', killBeginning)

/** Ends the children that have not begun, and so could not end by themselves with this process. */
export function killBeginning (): void {
  for (const child of beginning) child.kill('SIGKILL')
}

/**
 * Waits for a child process, which `name` names ("The process that reads it"), to begin. One that does not in time is killed, after
 * `onLate` was told the reason. Whoever knows that it has begun calls the function that is returned; of a forked one the first
 * message, `BEGUN`, does.
 */
export function watchBeginning (
  child: ChildProcess, name: string, onLate: (reason: Error) => void, timeLimitMs = LIMIT_MS
): () => void {
  const watchdog = new Watchdog((limitMs) => {
    onLate(new OperatorError(`${name} did not begin within ${limitMs / 1000} s, as where it can start no threads: ${MORE_THREADS}`))
    child.kill('SIGKILL')
  })
  const begun = (): void => {
    watchdog.stop()
    beginning.delete(child)
  }
  beginning.add(child)
  watchdog.start(timeLimitMs)
  child.once('message', begun)
  child.once('error', begun)
  child.once('exit', begun)
  return begun
}

/** What became of a child process that the system did not start, for its `error` event. */
export function notStarted (name: string, error: NodeJS.ErrnoException): Error {
  const { code = '' } = error
  const remedy = REMEDIES[code]
  return remedy === undefined ? error : new OperatorError(`${name} cannot be started (${code}): ${remedy}`, { cause: error })
}

const REMEDIES: Readonly<Record<string, string>> = {
  EAGAIN: MORE_THREADS, ENOMEM: 'raise the limit on memory', EMFILE: 'raise the limit on open files (ulimit -n)'
}
