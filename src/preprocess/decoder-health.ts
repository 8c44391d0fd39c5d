import { setTimeout as sleep } from 'node:timers/promises'
import { type ServiceError, SystemFailure } from '../base/errors.js'
import { decoderFailed, undecodable } from '../base/sentences.js'
import { DecodeFailure } from './decode-failure.js'

/** Wait before a decode is tried again that the system let fail; twice as long each time. */
const FIRST_WAIT_MS = 100
/** From one look at a decoder that fails to the next. */
const CHECK_EVERY_MS = 1000
/** What a client is told to wait. */
const RETRY_AFTER_SECONDS = 2
/** Tries of a decoder that is not ready yet, before it is given up. */
const WARM_UP_TRIES = 3
/** Single failures have a line in the log so often at most; all are counted. */
const TOLD_EVERY_MS = 10_000

/** Told of pictures that are not decoded for the system's reasons. */
export interface DecoderObserver {
  /** For each picture that failed in the end. `isTold` is false where the log has a line on the same a moment ago. */
  failed? (reason: Error, isTold: boolean): void
  /** Pictures of which nobody doubts that they can be decoded are not. */
  broke? (reason: Error): void
  /** They are again. */
  recovered? (): void
}

export interface DecoderHealthOptions {
  /** Decodes a small picture in each format; rejects with a DecodeFailure. */
  readonly check: () => Promise<void>
  readonly observer: DecoderObserver
  /** Time in which what the system let fail is tried again, beyond the second try that every decode has. */
  readonly patienceMs: number
}

/** Tells pictures that cannot be decoded from a system that cannot decode, and watches over the latter until it can. */
export class DecoderHealth {
  private brokenBy: Error | undefined
  private checking: Promise<Error | undefined> | undefined
  private checkedAt = -Infinity
  private next: NodeJS.Timeout | undefined
  private toldAt = -Infinity

  constructor (private readonly options: DecoderHealthOptions) {}

  /** Why nothing can be decoded now; undefined while pictures are. */
  get problem (): Error | undefined {
    return this.brokenBy
  }

  /** Throws a SystemFailure, after some tries, if the system does not let a picture of each format be decoded. */
  async demand (check: () => Promise<void>): Promise<void> {
    for (let tries = 1; ; tries++) {
      try {
        return await check()
      } catch (error) {
        if (!(error instanceof DecodeFailure)) throw error
        if (tries === WARM_UP_TRIES) throw cannotDecode(error)
      }
      await sleep(FIRST_WAIT_MS * 2 ** tries)
    }
  }

  /**
   * Decodes, and again where it fails for what may not be the picture's fault. Throws a ServiceError: `decoder_failed` where it is
   * the system's, and what `decode` does. An aborted signal ends the waiting.
   */
  async attempt<T> (decode: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    const first = await settled(decode)
    if (!(first instanceof DecodeFailure)) return first
    let result = await settled(decode)
    for (let waitMs = FIRST_WAIT_MS, waitedMs = 0; result instanceof DecodeFailure; waitedMs += waitMs, waitMs *= 2) {
      const problem = await this.look()
      // What was said is of no help, and other pictures are decoded.
      if (result.blame === 'unclear' && problem === undefined) throw undecodable(result.format, result)
      if (waitedMs + waitMs > this.options.patienceMs) throw this.failed(result)
      await sleep(waitMs, undefined, { signal })
      result = await settled(decode)
    }
    return result
  }

  private failed (reason: Error): ServiceError {
    const isTold = performance.now() - this.toldAt >= TOLD_EVERY_MS
    if (isTold) this.toldAt = performance.now()
    this.options.observer.failed?.(reason, isTold)
    return decoderFailed(RETRY_AFTER_SECONDS, reason)
  }

  /** Why other pictures are not decoded either, or undefined if they are; as it was seen a moment ago, at most. */
  private async look (): Promise<Error | undefined> {
    return performance.now() - this.checkedAt < CHECK_EVERY_MS ? this.brokenBy : await this.lookAgain()
  }

  private async lookAgain (): Promise<Error | undefined> {
    this.checking ??= this.check().finally(() => {
      this.checking = undefined
      this.checkedAt = performance.now()
      if (this.brokenBy === undefined) return
      clearTimeout(this.next)
      this.next = setTimeout(() => { void this.lookAgain() }, CHECK_EVERY_MS).unref()
    })
    return await this.checking
  }

  private async check (): Promise<Error | undefined> {
    const { check, observer } = this.options
    const before = this.brokenBy
    this.brokenBy = await check().then(() => undefined, (error: Error) => error)
    if (this.brokenBy !== undefined && before === undefined) observer.broke?.(this.brokenBy)
    if (this.brokenBy === undefined && before !== undefined) observer.recovered?.()
    return this.brokenBy
  }
}

/** The DecodeFailure that it rejects with is its value. */
async function settled<T> (decode: () => Promise<T>): Promise<T | DecodeFailure> {
  try {
    return await decode()
  } catch (error) {
    if (error instanceof DecodeFailure) return error
    throw error
  }
}

function cannotDecode ({ message, format, cause }: DecodeFailure): SystemFailure {
  return new SystemFailure(`${format.toUpperCase()} pictures cannot be decoded here (${message}): ${remedyFor(message)}`, { cause })
}

function remedyFor (message: string): string {
  if (/thread/i.test(message)) return 'raise the limit on processes and threads (pids.max of the control group, ulimit -u)'
  if (/memory|alloc/i.test(message)) return 'raise the limit on memory'
  return 'this is what the system or its libvips lacks'
}
