import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

const PROCESS = fileURLToPath(new URL('./flood-process.js', import.meta.url))

export interface FloodRate {
  /** Requests a second. */
  readonly rate: number
  /** Requests that wait for an answer at a time, at most. */
  readonly connections: number
  /** Whether each connection sends its next request as soon as the last is answered, whatever the rate. */
  readonly retryAtOnce: boolean
}

export interface FloodOptions extends FloodRate {
  readonly url: string
  /** The body of each request, in base64. */
  readonly body: string
  readonly contentType: string
  /** Further header lines. */
  readonly headers: readonly string[]
}

/** Totals since the start, but for the latencies. */
export interface FloodCounts {
  readonly sent: number
  /** Came due while every connection waited. */
  readonly unsent: number
  /** Connections that broke before the answer. */
  readonly broken: number
  readonly byStatus: Readonly<Record<number, number>>
  /** Answers by their Retry-After in seconds. */
  readonly retryAfter: Readonly<Record<number, number>>
  /** How long requests took that were answered 200 since the counts were last asked for, in milliseconds. */
  readonly latencies: readonly number[]
  /** CPU time of the clients. */
  readonly cpuSeconds: number
}

/** Clients that send at a rate, in a process of their own, so that their CPU time can be counted out. */
export class Flood {
  private constructor (private readonly child: ChildProcess) {}

  static start (options: FloodOptions): Flood {
    const child = fork(PROCESS)
    child.send(options)
    return new Flood(child)
  }

  /** Clients that send one JPEG photo again and again. */
  static ofPhoto (url: string, photo: Buffer, how: FloodRate, headers: readonly string[] = []): Flood {
    return Flood.start({ url, body: photo.toString('base64'), contentType: 'image/jpeg', headers, ...how })
  }

  async counts (): Promise<FloodCounts> {
    const answer = once(this.child, 'message')
    this.child.send('counts')
    const [counts] = await answer as [FloodCounts]
    return counts
  }

  async stop (): Promise<void> {
    const exit = once(this.child, 'exit')
    this.child.disconnect()
    await exit
  }
}
