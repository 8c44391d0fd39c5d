import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'

/** Long for whatever happens on a machine with two busy cores, and short of the minute in which a failure is to be told. */
const WITHIN_MS = 30_000
const POLL_INTERVAL_MS = 5

/**
 * Waits until something is so, and fails with what was waited for if it is not within so many milliseconds, however long one look takes.
 * What throws on a look is no wait, and ends it.
 */
export async function until (
  what: string | (() => string), isSo: () => boolean | Promise<boolean>, within = WITHIN_MS
): Promise<void> {
  const end = new AbortController()
  const tooLate = sleep(within, undefined, { signal: end.signal }).then(() => {
    assert.fail(`${within / 1000} s went by without ${typeof what === 'string' ? what : what()}`)
  })
  const looking = async (): Promise<void> => {
    while (!end.signal.aborted && !await isSo()) await sleep(POLL_INTERVAL_MS)
  }
  try {
    await Promise.race([looking(), tooLate])
  } finally {
    end.abort()
    await tooLate.catch(() => {})
  }
}
