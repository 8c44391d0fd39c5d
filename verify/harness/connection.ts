import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

/** What the server said to one request. */
export interface Answer {
  readonly status: number
  readonly body: string
  /** The server takes no further request on this connection. */
  readonly isLast: boolean
}

/** One connection, on which the caller decides what is sent when. */
export class Connection {
  private readonly pieces: AsyncIterator<Buffer>
  private received = Buffer.alloc(0)

  private constructor (private readonly socket: Socket) {
    this.pieces = socket[Symbol.asyncIterator]()
  }

  static async open (url: string): Promise<Connection> {
    const { hostname, port } = new URL(url)
    const socket = connect({ host: hostname, port: Number(port), noDelay: true })
    await once(socket, 'connect')
    // What goes wrong shows where the answer is awaited.
    socket.on('error', () => {})
    return new Connection(socket)
  }

  send (bytes: string | Buffer): void {
    if (this.socket.writable) this.socket.write(bytes)
  }

  /** The next final answer. Rejects if the connection ends without one. */
  async answer (): Promise<Answer> {
    for (;;) {
      const answer = await this.response()
      if (answer.status >= 200) return answer
    }
  }

  /** The next response, which may be the one that asks for the body. Rejects if the connection ends without one. */
  async response (): Promise<Answer> {
    for (;;) {
      const answer = this.take()
      if (answer !== undefined) return answer
      const { done, value } = await this.pieces.next()
      if (done === true) throw new Error(`the connection ended after ${JSON.stringify(this.received.toString('latin1', 0, 200))}`)
      this.received = Buffer.concat([this.received, value])
    }
  }

  close (): void {
    this.socket.destroy()
  }

  /** The first response of what was received, if all of it is there. */
  private take (): Answer | undefined {
    const end = this.received.indexOf('\r\n\r\n')
    if (end < 0) return undefined
    const head = this.received.toString('latin1', 0, end)
    const start = end + 4
    const length = Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? 0)
    if (this.received.length < start + length) return undefined
    const body = this.received.toString('utf8', start, start + length)
    this.received = this.received.subarray(start + length)
    return { status: Number(head.slice('HTTP/1.1 '.length, 'HTTP/1.1 200'.length)), body, isLast: /^connection: close/im.test(head) }
  }
}
