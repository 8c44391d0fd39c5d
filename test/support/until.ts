import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'

/** Long for whatever happens on a machine with two busy cores, and short of the minute in which a failure is to be told. */
const WITHIN_MS = 30_000
const POLL_INTERVAL_MS = 5

/** Waits for a promise, and fails with what was waited for if it does not settle within so many milliseconds. */
export async function within<T> (what: string | (() => string), promise: Promise<T>, milliseconds = WITHIN_MS): Promise<T> {
  const end = new AbortController()
  const tooLate = sleep(milliseconds, undefined, { signal: end.signal }).then(
    () => assert.fail(`${milliseconds / 1000} s went by without ${typeof what === 'string' ? what : what()}`),
    // It came in time, and nobody waits for this.
    () => undefined as never
  )
  try {
    return await Promise.race([promise, tooLate])
  } finally {
    end.abort()
  }
}

/**
 * Waits until something is so, and fails with what was waited for if it is not within so many milliseconds, however long one look
 * takes. A look that throws ends the wait.
 */
export async function until (
  what: string | (() => string), isSo: () => boolean | Promise<boolean>, milliseconds = WITHIN_MS
): Promise<void> {
  const over = new AbortController()
  const looking = async (): Promise<void> => {
    while (!over.signal.aborted && !await isSo()) await sleep(POLL_INTERVAL_MS)
  }
  try {
    await within(what, looking(), milliseconds)
  } finally {
    over.abort()
  }
}
