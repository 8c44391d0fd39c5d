import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { performance } from 'node:perf_hooks'

const END_OF_HEAD = '\r\n\r\n'

/** One answer, and what the client waited for it in milliseconds. */
interface Exchange {
  readonly milliseconds: number
  readonly body: unknown
}

interface Response {
  readonly status: string
  readonly body: string
}

/**
 * A client that sends one request after the other on one connection. It does no more than sockets ask for, since its time is in what
 * it measures: a request is made before the clock starts, and an answer is parsed after its last byte has come.
 */
export class SingleConnection {
  private received: Buffer[] = []
  private onData: () => void = () => {}
  private onFailure: (error: Error) => void = () => {}

  private constructor (private readonly socket: Socket, private readonly host: string) {
    socket.on('data', (piece) => {
      this.received.push(piece)
      this.onData()
    })
    socket.on('error', (error) => { this.onFailure(error) })
    socket.on('close', () => { this.onFailure(new Error(`${host} closed the connection`)) })
  }

  /** Rejects if nobody listens. */
  static async open (url: string): Promise<SingleConnection> {
    const { hostname, port, host } = new URL(url)
    const socket = connect({ host: hostname, port: Number(port), noDelay: true })
    await once(socket, 'connect')
    return new SingleConnection(socket, host)
  }

  /** Sends a JPEG. Throws an Error if the answer is not 200. */
  async classify (photo: Buffer): Promise<Exchange> {
    const head = ['POST /classify HTTP/1.1', `Host: ${this.host}`, 'Content-Type: image/jpeg', `Content-Length: ${photo.length}`]
    return await this.exchange(Buffer.concat([Buffer.from(head.join('\r\n') + END_OF_HEAD), photo]))
  }

  /** Asks for nothing but an answer. Throws as `classify`. */
  async probe (): Promise<Exchange> {
    return await this.exchange(Buffer.from(`GET /livez HTTP/1.1\r\nHost: ${this.host}${END_OF_HEAD}`))
  }

  close (): void {
    this.socket.destroy()
  }

  private async exchange (request: Buffer): Promise<Exchange> {
    this.received = []
    const sentAt = performance.now()
    const answered = this.answer()
    this.socket.write(request)
    const { status, body } = await answered
    const milliseconds = performance.now() - sentAt
    if (status !== '200') throw new Error(`the answer was ${status}: ${body}`)
    return { milliseconds, body: JSON.parse(body) }
  }

  private async answer (): Promise<Response> {
    return await new Promise((resolve, reject) => {
      this.onFailure = reject
      this.onData = () => {
        const response = responseOf(Buffer.concat(this.received))
        if (response !== undefined) resolve(response)
      }
    })
  }
}

/** Undefined until all has come. The answer says how long it is, as those of the service do. */
function responseOf (bytes: Buffer): Response | undefined {
  const end = bytes.indexOf(END_OF_HEAD)
  if (end === -1) return undefined
  const head = bytes.toString('latin1', 0, end)
  const [, length = ''] = /\r\ncontent-length: (\d+)/i.exec(head) ?? []
  const [, status = ''] = head.split(' ', 2)
  const body = bytes.subarray(end + END_OF_HEAD.length)
  return body.length < Number(length) ? undefined : { status, body: body.toString() }
}
