import { Failure, whoTriesAgain } from './failure.js'

const MOST_TRIES = 5
const FIRST_WAIT_SECONDS = 1
/** Longer than this nobody looks at a page that does nothing. */
const LONGEST_WAIT_SECONDS = 60

export interface Patience {
  readonly signal: AbortSignal
  /** Told before each wait. */
  readonly onWait: (failure: Failure, seconds: number) => void
}

/** Lets as many works run at a time, the others wait for their turn. */
export function limitTo (most: number): <T>(work: () => Promise<T>) => Promise<T> {
  const waiting: Array<() => void> = []
  let running = 0
  return async (work) => {
    if (running === most) await new Promise<void>((resolve) => { waiting.push(resolve) })
    else running++
    try {
      return await work()
    } finally {
      const next = waiting.shift()
      if (next === undefined) running--
      else next()
    }
  }
}

/** Tries again what failed for a while only, as long as the service says to wait. Throws the last Failure, or the signal's reason. */
export async function patiently<T> (work: () => Promise<T>, { signal, onWait }: Patience): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      signal.throwIfAborted()
      return await work()
    } catch (error) {
      if (!(error instanceof Failure) || whoTriesAgain(error) !== 'the page') throw error
      const seconds = error.retryAfterSeconds ?? FIRST_WAIT_SECONDS * 2 ** (tries - 1)
      if (tries === MOST_TRIES || seconds > LONGEST_WAIT_SECONDS) throw error
      onWait(error, seconds)
      await sleep(seconds, signal)
    }
  }
}

async function sleep (seconds: number, signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(resolve, seconds * 1000)
    signal.addEventListener('abort', () => {
      clearTimeout(timer)
      reject(signal.reason)
    }, { once: true })
  })
}
