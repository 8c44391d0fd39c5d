import type { Readable } from 'node:stream'
import type { ServiceError } from '../base/errors.js'

export interface ReadOptions {
  readonly maxBytes: number
  /** What to fail with if the stream has more. */
  readonly tooLarge: () => ServiceError
  readonly signal: AbortSignal
}

/**
 * Reads a stream to its end. Rejects with `tooLarge` as soon as it has more bytes than it may, and with the signal's
 * reason as soon as that is aborted. Either way the stream is not destroyed: the connection is needed for the answer.
 */
export async function readAll (stream: Readable, { maxBytes, tooLarge, signal }: ReadOptions): Promise<Buffer> {
  const chunks: Buffer[] = []
  let bytes = 0
  const iterator = stream.iterator({ destroyOnReturn: false }) as AsyncIterableIterator<Buffer>
  for await (const chunk of untilAborted(iterator, signal)) {
    bytes += chunk.length
    if (bytes > maxBytes) throw tooLarge()
    chunks.push(chunk)
  }
  return chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks, bytes)
}

/** The same values; throws the signal's reason as soon as it is aborted, without waiting for the next one. */
export async function * untilAborted<T> (iterator: AsyncIterator<T>, signal: AbortSignal): AsyncGenerator<T> {
  let abort = (): void => {}
  const aborted = new Promise<never>((_resolve, reject) => { abort = () => { reject(signal.reason) } })
  aborted.catch(() => {})
  signal.addEventListener('abort', abort, { once: true })
  try {
    for (;;) {
      signal.throwIfAborted()
      const next = await Promise.race([iterator.next(), aborted])
      if (next.done === true) return
      yield next.value
    }
  } finally {
    signal.removeEventListener('abort', abort)
  }
}
