import { connect, type Socket } from 'node:net'

export interface Reply {
  readonly status: number
  /** Seconds; undefined where the reply does not say. */
  readonly retryAfter: number | undefined
}

/** One connection of a client that costs next to nothing: it sends bytes that are made already and reads no more than it has to. */
export class Connection {
  private socket: Socket | undefined
  private received = ''
  private settle: ((reply: Reply | Error) => void) | undefined

  constructor (private readonly host: string, private readonly port: number) {}

  /** True while an answer is waited for. */
  get busy (): boolean {
    return this.settle !== undefined
  }

  /** Sends a request and calls back with its answer, or an Error if the connection broke before it was there. */
  send (request: Buffer, done: (reply: Reply | Error) => void): void {
    this.settle = done
    this.socket ??= this.open()
    this.socket.write(request)
  }

  close (): void {
    this.socket?.destroy()
  }

  private open (): Socket {
    const socket = connect(this.port, this.host)
    socket.setNoDelay(true)
    socket.on('data', (piece: Buffer) => { this.receive(piece.toString('latin1')) })
    socket.on('error', (error) => { this.finish(error) })
    socket.on('close', () => {
      if (this.socket === socket) this.socket = undefined
      this.finish(new Error('the connection was closed before the answer'))
    })
    return socket
  }

  private receive (text: string): void {
    this.received += text
    const end = this.received.indexOf('\r\n\r\n')
    if (end < 0) return
    const head = this.received.slice(0, end)
    const length = Number(/^content-length: (\d+)/mi.exec(head)?.[1] ?? 0)
    if (this.received.length < end + 4 + length) return
    this.received = this.received.slice(end + 4 + length)
    const status = Number(head.slice('HTTP/1.1 '.length, 'HTTP/1.1 200'.length))
    if (status === 100) return
    if (/^connection: close/mi.test(head)) {
      this.socket?.end()
      this.socket = undefined
    }
    const retryAfter = /^retry-after: (\d+)/mi.exec(head)?.[1]
    this.finish({ status, retryAfter: retryAfter === undefined ? undefined : Number(retryAfter) })
  }

  private finish (reply: Reply | Error): void {
    const { settle } = this
    this.settle = undefined
    if (reply instanceof Error) this.received = ''
    settle?.(reply)
  }
}
