import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import { onAbort } from '../base/aborts.js'
import type { ServiceError } from '../base/errors.js'
import { clientClosed } from '../base/sentences.js'
import { Turns } from '../base/turns.js'
import type { ByteClaim } from '../intake/byte-budget.js'

/**
 * How long all the bodies that are read hold the event loop before it does something else. A fast sender would have megabytes
 * read at once, and a dear body takes ten milliseconds for one.
 */
const TURN_MS = 4
const turns = new Turns(TURN_MS)

export interface ReceiveOptions {
  readonly maxBytes: number
  /** What to fail with if the body has more. */
  readonly tooLarge: () => ServiceError
  /** Counts what arrives. */
  readonly claim: ByteClaim
  readonly signal: AbortSignal
}

/** Undefined where the client does not say. */
export function announcedBytesOf (headers: IncomingHttpHeaders): number | undefined {
  return headers['transfer-encoding'] === undefined ? Number(headers['content-length'] ?? 0) : undefined
}

/**
 * Asks for a body where the client waits to be asked, and hands it on in pieces. Rejects with `tooLarge`, with what the claim or
 * `push` throws, and with the signal's reason, each as soon as it is so; what is still sent is dropped then.
 */
export async function receive (
  request: IncomingMessage,
  reply: ServerResponse,
  options: ReceiveOptions,
  push: (piece: Buffer) => void
): Promise<void> {
  const { maxBytes, tooLarge, claim, signal } = options
  signal.throwIfAborted()
  await new Promise<void>((resolve, reject) => {
    let bytes = 0
    let isWaiting = false
    let isOver = false
    const stop = (): void => {
      isOver = true
      request.off('readable', onReadable).off('end', onEnd).off('error', onError)
      ignore()
    }
    const fail = (reason: Error): void => {
      stop()
      request.resume()
      reject(reason)
    }
    /** True if there may be more to read at once. */
    const take = (): boolean => {
      // All that has come; many small chunks are one piece.
      const piece = isOver ? null : request.read() as Buffer | null
      isWaiting = piece !== null
      if (piece === null) return false
      try {
        bytes += piece.length
        if (bytes > maxBytes) throw tooLarge()
        claim.receive(piece.length)
        push(piece)
      } catch (error) {
        fail(error as Error)
      }
      return !isOver
    }
    const onReadable = (): void => {
      if (isWaiting) return
      isWaiting = true
      turns.add(take)
    }
    const onEnd = (): void => {
      stop()
      resolve()
    }
    const onError = (cause: Error): void => {
      fail(clientClosed(cause))
    }
    const ignore = onAbort(signal, () => { fail(signal.reason as Error) })
    request.on('readable', onReadable).on('end', onEnd).on('error', onError)
    if (request.headers.expect !== undefined) reply.writeContinue()
  })
}
