import { performance } from 'node:perf_hooks'
import { Connection } from '../../verify/harness/connection.js'

/** One answer, and what the client waited for it in milliseconds. */
interface Exchange {
  readonly milliseconds: number
  readonly body: unknown
}

/**
 * A client that sends one request after the other on one connection. It does no more than sockets ask for, since its time is in what
 * it measures: a request is made before the clock starts, and an answer is parsed after its last byte has come.
 */
export class SingleConnection {
  private constructor (private readonly connection: Connection, private readonly host: string) {}

  /** Rejects if nobody listens. */
  static async open (url: string): Promise<SingleConnection> {
    return new SingleConnection(await Connection.open(url), new URL(url).host)
  }

  /** Sends a JPEG. Throws an Error if the answer is not 200. */
  async classify (photo: Buffer): Promise<Exchange> {
    const head = ['POST /classify HTTP/1.1', `Host: ${this.host}`, 'Content-Type: image/jpeg', `Content-Length: ${photo.length}`]
    return await this.exchange(Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), photo]))
  }

  /** Asks for nothing but an answer. Throws as `classify`. */
  async probe (): Promise<Exchange> {
    return await this.exchange(`GET /livez HTTP/1.1\r\nHost: ${this.host}\r\n\r\n`)
  }

  close (): void {
    this.connection.close()
  }

  private async exchange (request: string | Buffer): Promise<Exchange> {
    const sentAt = performance.now()
    this.connection.send(request)
    const { status, body } = await this.connection.answer()
    const milliseconds = performance.now() - sentAt
    if (status !== 200) throw new Error(`the answer was ${status}: ${body}`)
    return { milliseconds, body: JSON.parse(body) }
  }
}
