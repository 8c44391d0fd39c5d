import { connect, type Socket } from 'node:net'
import { AnswerReader, statusesIn } from './answers.js'
import type { Case } from './case.js'

/** Longer than the service's own deadlines: who waits so long waits forever. */
const PATIENCE_MS = 90_000
/** Who has no answer for so long may wait for more of the request. */
const QUIET_MS = 1000

/** One connection after another to a server, kept for the next case where the case allows. */
export class Client {
  private kept: Socket | undefined

  constructor (private readonly url: URL) {}

  /**
   * Sends a case and resolves with the statuses of the answers. Rejects with an Error if answers that have to come do not, or
   * a connection neither answers nor closes in time.
   */
  async send ({ bytes, answers }: Case): Promise<readonly number[]> {
    if (typeof answers === 'string') return await this.untilClosed(bytes, answers)
    const isFresh = this.kept === undefined
    const reader = new AnswerReader()
    try {
      await this.untilAnswered(bytes, answers, reader)
    } catch (error) {
      // A connection that was idle may be closed at any time, which nobody could have told.
      if (isFresh || reader.statuses.length > 0) throw error
      await this.untilAnswered(bytes, answers, reader)
    }
    return reader.statuses
  }

  close (): void {
    this.kept?.destroy()
    this.kept = undefined
  }

  private async untilAnswered (bytes: Buffer, answers: number, reader: AnswerReader): Promise<void> {
    const socket = this.kept ?? this.open()
    this.kept = undefined
    await exchange(socket, bytes, (piece, done) => {
      if (piece === undefined) throw new Error(`closed after ${reader.statuses.length} of ${answers} answers`)
      reader.push(piece)
      if (reader.statuses.length >= answers) done()
    })
    if (socket.writable && socket.readable) this.kept = socket
  }

  private async untilClosed (bytes: Buffer, endBehind: 'first' | 'cut'): Promise<readonly number[]> {
    const received: Buffer[] = []
    const socket = this.open()
    // Node drops what it is answering when a client's end comes.
    const quiet = setTimeout(() => { socket.end() }, QUIET_MS)
    const closed = exchange(socket, bytes, (piece, done) => {
      if (piece === undefined) return done()
      received.push(piece)
      if (statusesIn(piece).length > 0) socket.end()
    })
    if (endBehind === 'cut') socket.end()
    await closed.finally(() => { clearTimeout(quiet) })
    return statusesIn(Buffer.concat(received))
  }

  private open (): Socket {
    const socket = connect({ host: this.url.hostname, port: Number(this.url.port), noDelay: true })
    // Who writes after the server has closed is told so; what counts is what was answered before.
    socket.on('error', () => {})
    socket.once('close', () => { if (this.kept === socket) this.kept = undefined })
    return socket
  }
}

/** `onData` is told of what comes, undefined at the end, until it says that it is done. */
async function exchange (socket: Socket, bytes: Buffer, onData: (piece: Buffer | undefined, done: () => void) => void): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const stop = (): void => {
      clearTimeout(timer)
      socket.off('data', take).off('close', end)
    }
    const done = (): void => {
      stop()
      resolve()
    }
    const take = (piece: Buffer | undefined): void => {
      try {
        onData(piece, done)
      } catch (error) {
        stop()
        socket.destroy()
        const reason = error as Error
        reject(reason)
      }
    }
    const end = (): void => { take(undefined) }
    const timer = setTimeout(() => {
      stop()
      socket.destroy()
      reject(new Error(`neither answered nor closed within ${PATIENCE_MS} ms`))
    }, PATIENCE_MS)
    socket.on('data', take).on('close', end)
    socket.write(bytes)
  })
}
