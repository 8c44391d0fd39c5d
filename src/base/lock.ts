import { rmdir, stat } from 'node:fs/promises'
import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { lock } from 'proper-lockfile'
import { OperatorError } from './errors.js'

/** A process that has not touched its lock for so long is gone. */
export const STALE_LOCK_MS = 10_000
const TRY_AGAIN_MS = 250
/** So many times as long a lock whose time is another clock's must not change until nobody is taken to hold it. */
const UNTOUCHED = 3
/** Losing it again and again has another reason than a clock that was set or a pause. */
const MOST_LOSSES = 3

/** The lock cannot be made; `code` is the system's. */
export class LockError extends OperatorError {
  override readonly name = 'LockError'

  constructor (path: string, readonly code: string, options?: ErrorOptions) {
    super(`${path}.lock cannot be made (${code})`, options)
  }
}

export interface LockOptions {
  /** Called again and again while another process holds it. */
  readonly onWait?: (() => void) | undefined
  readonly staleMs?: number
}

/**
 * Does work that one process may do at a time: whoever has `PATH.lock`, which others wait for. Where it is lost meanwhile (taken over
 * after a pause of this process or by the clock of another machine, or removed), `work` is told by its signal, and does its work
 * again once the lock is there again. Rejects with what `work` rejects with, with a LockError, or
 * with an OperatorError where it is lost again and again.
 */
export async function withLock<T> (path: string, options: LockOptions, work: (lost: AbortSignal) => Promise<T>): Promise<T> {
  for (let losses = 0; ;) {
    const lost = new AbortController()
    const onCompromised = (reason: Error): void => {
      const problem = `${path}.lock was lost ${losses + 1} times in a row, at last because of this: ${reason.message}`
      lost.abort(new OperatorError(`${problem}. Start again, where nothing else removes it`))
    }
    const release = await take(path, onCompromised, options)
    try {
      return await work(lost.signal)
    } catch (error) {
      if (!lost.signal.aborted) throw error
      if (++losses === MOST_LOSSES) throw lost.signal.reason
    } finally {
      if (!lost.signal.aborted) await release()
    }
  }
}

async function take (
  path: string, onCompromised: (reason: Error) => void, { onWait, staleMs = STALE_LOCK_MS }: LockOptions
): Promise<() => Promise<void>> {
  const holder = new Holder(`${path}.lock`, UNTOUCHED * staleMs)
  for (;;) {
    try {
      return await lock(path, { realpath: false, stale: staleMs, onCompromised })
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code === undefined) throw error
      if (code !== 'ELOCKED') throw new LockError(path, code, { cause: error })
    }
    onWait?.()
    await holder.removeIfGone()
    await sleep(TRY_AGAIN_MS)
  }
}

/** Whoever holds a lock: how long it has not been touched, by this process's own clock. */
class Holder {
  private touchedAtMs: number | undefined
  private seenAt = performance.now()

  constructor (private readonly path: string, private readonly patienceMs: number) {}

  async removeIfGone (): Promise<void> {
    const touchedAtMs = (await stat(this.path).catch(nothingThere))?.mtimeMs
    if (touchedAtMs !== this.touchedAtMs) this.seenAt = performance.now()
    this.touchedAtMs = touchedAtMs
    if (performance.now() - this.seenAt > this.patienceMs) await rmdir(this.path).catch(nothingThere)
  }
}

function nothingThere (error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error
}
