import { closeSync } from 'node:fs'
import { Socket, type OnReadOpts, type SocketConstructorOpts } from 'node:net'
import { getSystemErrorName } from 'node:util'
import { addon } from '../addon.js'

/** What comes at once is handed over in pieces of at most so many bytes. */
const PIECE_BYTES = 65_536

/**
 * This process's end of a pipe to another one, both ways. What comes lies in the same memory each time, and what is small goes at
 * once: a lone message is not worth the ways of a stream, which take longer than the system does.
 */
export class Pipe {
  /** What the other process inherits; to be closed here once it is started, or is not. */
  readonly other: number
  private readonly own: number
  private readonly addon = addon()
  private readonly socket: Socket

  /** `onBytes` is handed what comes, and keeps none of it. Throws the system's error where it gives no sockets. */
  constructor (onBytes: (bytes: Uint8Array<ArrayBuffer>) => void) {
    [this.own, this.other] = socketPair()
    const buffer = new Uint8Array(PIECE_BYTES)
    const callback = (length: number): boolean => {
      onBytes(buffer.subarray(0, length))
      return true
    }
    const options: SocketConstructorOpts & { readonly onread: OnReadOpts } = {
      fd: this.own, readable: true, writable: true, onread: { buffer, callback }
    }
    this.socket = new Socket(options)
    // A pipe that breaks is the process's end, which has its own event and a better reason.
    this.socket.on('error', () => {})
  }

  /** Sends all of the bytes; what does not go at once is copied. */
  send (bytes: Uint8Array): void {
    const sent = this.sendNow(bytes)
    if (sent < bytes.length) this.socket.write(bytes.slice(sent))
  }

  /** Nothing more will be sent. */
  end (): void {
    this.socket.end()
  }

  closeOther (): void {
    closeSync(this.other)
  }

  /** As much as fits, of what nothing waits before. */
  private sendNow (bytes: Uint8Array): number {
    const { destroyed, writableLength } = this.socket
    if (destroyed || writableLength > 0) return 0
    // Where nothing fits, the socket waits, and of a pipe that is broken it has an event.
    return Math.max(0, this.addon.sendBytes(this.own, bytes))
  }
}

function socketPair (): readonly [number, number] {
  const pair = addon().socketPair()
  if (typeof pair !== 'number') return pair
  const code = getSystemErrorName(-pair)
  throw Object.assign(new Error(`no sockets (${code})`), { code })
}
