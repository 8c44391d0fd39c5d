import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import { performance } from 'node:perf_hooks'

/** A probe that goes on until it is stopped. */
export interface Probe {
  /** Milliseconds from each question to its answer. Throws what the first failed question threw. */
  stop (): Promise<readonly number[]>
}

/** Asks an address on a fixed beat, whether or not the last answer has come. */
export function startProbe (url: string, intervalMs: number): Probe {
  const pending: Array<Promise<number>> = []
  const ask = async (): Promise<number> => {
    const askedAt = performance.now()
    // A connection of its own, as a kubelet makes for each probe.
    const [response] = await once(get(url, { agent: false }), 'response') as [IncomingMessage]
    await once(response.resume(), 'end')
    return performance.now() - askedAt
  }
  const timer = setInterval(() => {
    const asked = ask()
    // A failure is reported when all are awaited.
    asked.catch(() => {})
    pending.push(asked)
  }, intervalMs)
  return {
    stop: async () => {
      clearInterval(timer)
      return await Promise.all(pending)
    }
  }
}
