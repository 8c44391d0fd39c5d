import { rmdir, stat } from 'node:fs/promises'
import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { check, lock } from 'proper-lockfile'
import { OperatorError } from './errors.js'

/** A process that has not touched its lock for so long is gone. */
const STALE_LOCK_MS = 10_000
const TRY_AGAIN_MS = 250
/** What proper-lockfile says of a lock that another process has. */
const HELD = 'ELOCKED'
/** So many times as long a lock whose time is another clock's must not change until nobody is taken to hold it. */
const UNTOUCHED = 3
/** Losing it again and again has another reason than a clock that was set or a pause. */
const MOST_LOSSES = 3

/** The lock cannot be made, or another process goes on holding it (ELOCKED); `code` is the system's. */
export class LockError extends Error {
  override readonly name = 'LockError'

  constructor (path: string, readonly code: string, options?: ErrorOptions) {
    super(code === HELD ? `${path}.lock is another process's` : `${path}.lock cannot be made (${code})`, options)
  }
}

export interface LockOptions {
  /** Called again and again while another process holds it. */
  readonly onWait?: (() => void) | undefined
  readonly staleMs?: number
}

export interface TakeOptions extends LockOptions {
  /** Told why where it is lost: taken over after a pause of this process or by the clock of another machine, or removed. */
  readonly onLost: (reason: Error) => void
  /** Time that another process may go on holding it; forever where it is left out. */
  readonly patienceMs?: number
}

/**
 * Does work that one process may do at a time: whoever has `PATH.lock`, which others wait for. Where it is lost meanwhile, `work` is
 * told by its signal, and does its work again once the lock is there again. Rejects with what `work` rejects with, with a LockError, or
 * with an OperatorError where it is lost again and again.
 */
export async function withLock<T> (path: string, options: LockOptions, work: (lost: AbortSignal) => Promise<T>): Promise<T> {
  for (let losses = 0; ;) {
    const lost = new AbortController()
    const onLost = (reason: Error): void => {
      const problem = `${path}.lock was lost ${losses + 1} times in a row, at last because of this: ${reason.message}`
      lost.abort(new OperatorError(`${problem}. Start again, where nothing else removes it`))
    }
    const release = await takeLock(path, { ...options, onLost })
    try {
      return await work(lost.signal)
    } catch (error) {
      if (!lost.signal.aborted) throw error
      if (++losses === MOST_LOSSES) throw lost.signal.reason
    } finally {
      await release()
    }
  }
}

/** Takes `PATH.lock`, once nobody else has it; returns what gives it back, unless it is lost by then. Rejects with a LockError. */
export async function takeLock (
  path: string, { onWait, onLost, staleMs = STALE_LOCK_MS, patienceMs = Infinity }: TakeOptions
): Promise<() => Promise<void>> {
  const holder = new Holder(`${path}.lock`, UNTOUCHED * staleMs)
  let isLost = false
  const onCompromised = (reason: Error): void => {
    isLost = true
    onLost(reason)
  }
  for (let waitedMs = 0; ; waitedMs += TRY_AGAIN_MS) {
    try {
      const release = await lock(path, { realpath: false, stale: staleMs, onCompromised })
      return async () => { if (!isLost) await release() }
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code === undefined) throw error
      if (code !== HELD || waitedMs > patienceMs) throw new LockError(path, code, { cause: error })
    }
    onWait?.()
    await holder.removeIfGone()
    await sleep(TRY_AGAIN_MS)
  }
}

/** Whether a process has `PATH.lock`. */
export async function isLocked (path: string): Promise<boolean> {
  return await check(path, { realpath: false, stale: STALE_LOCK_MS })
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
