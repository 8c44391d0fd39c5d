import type { IncomingMessage, ServerResponse } from 'node:http'
import { ServiceError } from '../base/errors.js'
import type { ByteClaim } from '../service/admission.js'

/** Read in one turn of the event loop: a few milliseconds for the dearest body, where a fast sender would give megabytes. */
const SLICE_BYTES = 128 * 1024

export interface ReceiveOptions {
  readonly maxBytes: number
  /** What to fail with if the body has more. */
  readonly tooLarge: () => ServiceError
  /** Counts what arrives. */
  readonly claim: ByteClaim
  readonly signal: AbortSignal
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
    let sliceBytes = 0
    const stop = (): void => {
      request.off('data', onData).off('end', onEnd).off('error', onError)
      signal.removeEventListener('abort', onAbort)
    }
    const fail = (reason: Error): void => {
      stop()
      request.resume()
      reject(reason)
    }
    const onData = (piece: Buffer): void => {
      try {
        bytes += piece.length
        if (bytes > maxBytes) throw tooLarge()
        claim.receive(piece.length)
        push(piece)
        sliceBytes += piece.length
        if (sliceBytes < SLICE_BYTES) return
        sliceBytes = 0
        request.pause()
        setImmediate(() => { request.resume() })
      } catch (error) {
        fail(error as Error)
      }
    }
    const onEnd = (): void => {
      stop()
      resolve()
    }
    const onError = (cause: Error): void => {
      fail(new ServiceError('client_closed_request', 'The client closed the connection.', { cause }))
    }
    const onAbort = (): void => { fail(signal.reason as Error) }
    signal.addEventListener('abort', onAbort, { once: true })
    request.on('data', onData).on('end', onEnd).on('error', onError)
    if (request.headers.expect !== undefined) reply.writeContinue()
  })
}
