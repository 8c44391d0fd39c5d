import { FairQueue } from '../base/fair-queue.js'
import { toPixels } from './pixels.js'
import type { InputSpec } from '../model/input.js'
import type { ImageLimits } from './types.js'

export interface DecoderOptions {
  /**
   * How many images are decoded at once. Bounds memory: an image being decoded may hold all of its pixels, 4 bytes
   * each. Each one takes a thread of Node's pool, so it is to be less than that has.
   */
  concurrency: number
  input: InputSpec
  limits: ImageLimits
}

export interface Decoder {
  /**
   * As `toPixels`, once its turn has come. An aborted signal rejects at once, with the signal's reason; an image that
   * still waits then costs nothing, one that is being decoded keeps its place until libvips is done with it. Clients take
   * turns; without one, all are the same.
   */
  decode (upload: Uint8Array, signal?: AbortSignal, client?: string): Promise<Uint8Array<ArrayBuffer>>
  /** Images being decoded. */
  readonly active: number
  /** Images waiting for their turn. */
  readonly waiting: number
}

interface Waiter {
  start: () => void
}

/** At most `concurrency` images are decoded at once; the others wait, clients in turn, each first come, first served. */
export function createDecoder ({ concurrency, input, limits }: DecoderOptions): Decoder {
  if (!Number.isInteger(concurrency) || concurrency < 1) {
    throw new RangeError(`concurrency must be a whole number from 1, not ${concurrency}`)
  }
  const waiters = new FairQueue<Waiter>()
  let active = 0

  function startWaiting (): void {
    while (active < concurrency) {
      const waiter = waiters.take()
      if (waiter === undefined) return
      active++
      waiter.start()
    }
  }

  function decode (upload: Uint8Array, signal?: AbortSignal, client = ''): Promise<Uint8Array<ArrayBuffer>> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason)

      const abort = (): void => {
        waiters.delete(waiter)
        reject(signal?.reason)
      }
      const waiter: Waiter = {
        start: () => {
          toPixels(upload, input, limits).then(resolve, reject).finally(() => {
            signal?.removeEventListener('abort', abort)
            active--
            startWaiting()
          })
        }
      }
      signal?.addEventListener('abort', abort, { once: true })
      waiters.add(waiter, client)
      startWaiting()
    })
  }

  return {
    decode,
    get active () { return active },
    get waiting () { return waiters.size }
  }
}
