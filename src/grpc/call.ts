import { isIP } from 'node:net'
import type { handleClientStreamingCall, ServerReadableStream } from '@grpc/grpc-js'
import { ServiceError } from '../base/errors.js'
import { clientCancelled, internal, noMessage, unauthorized } from '../base/sentences.js'
import type { ApiKeys } from '../intake/api-keys.js'
import { readKey } from '../intake/key-headers.js'
import { clientOf } from '../intake/client.js'
import type { Claimant } from '../intake/admitted.js'
import { Deadline } from '../intake/deadline.js'
import type { Method } from './messages.js'
import { observeCall, type ObserveOptions } from './observe.js'
import { statusOf } from './status.js'

/** What every call stands on. */
export interface CallOptions extends ObserveOptions {
  readonly requestTimeoutMs: number
  /** Rejects with a ServiceError `rate_limited`. */
  readonly limitRate: (client: string) => Promise<void>
}

/** One call whose message is not read yet. */
export interface Call extends Claimant {
  /** The one message of the call. Rejects with a ServiceError, or the deadline's reason. */
  receive (): Promise<Buffer>
  /** Calls `listener` once the call is over, answered or not. */
  onceOver (listener: () => void): void
}

/** Answers one call of a method. Throws a ServiceError. */
export type Answer = (call: Call, method: Method) => Promise<object>

type Stream = ServerReadableStream<Buffer, Buffer>

/**
 * Makes of `answer` what gRPC calls. The method counts as one that takes a stream, which is the same on the wire, so that a call
 * is judged before its message is read. Health is asked without a key.
 */
export function callHandler (
  method: Method, answer: Answer, isHealth: boolean, options: CallOptions
): handleClientStreamingCall<Buffer, Buffer> {
  return (stream, respond) => {
    const keyName = keyNameOf(stream, options.keys)
    const address = options.addressOf(peerOf(stream), forwardedFor(stream))
    const observed = observeCall(stream, { method, keyName, address, isHealth }, options)
    const deadline = new Deadline(timeoutOf(stream, options.requestTimeoutMs))
    // It comes at the end of every call, however it ended.
    stream.once('cancelled', () => { deadline.end(gone()) })
    const handle = async (): Promise<Buffer> => {
      const client = clientOf(keyName, address)
      if (!isHealth) await demandAllowed(stream, { keyName, client }, options)
      return method.encode(await answer(callOf(stream, client, deadline), method))
    }
    observed.within(handle).then((reply) => {
      observed.with('ok')
      respond(null, reply)
    }, (error: unknown) => {
      const known = asServiceError(error)
      observed.with(known)
      respond(statusOf(known))
    })
  }
}

interface Caller {
  readonly keyName: string | undefined
  readonly client: string
}

async function demandAllowed (stream: Stream, { keyName, client }: Caller, { keys, limitRate }: CallOptions): Promise<void> {
  // Before keys are required, so that guessing them is limited, too.
  await limitRate(client)
  if (keys !== undefined && keyName === undefined) throw unauthorized(keyOf(stream) !== undefined)
}

function callOf (stream: Stream, client: string, deadline: Deadline): Call {
  return {
    client,
    deadline,
    receive: async () => await receive(stream, deadline.signal),
    onceOver: (listener) => { stream.once('cancelled', listener) }
  }
}

async function receive (stream: Stream, signal: AbortSignal): Promise<Buffer> {
  signal.throwIfAborted()
  return await new Promise((resolve, reject) => {
    const fail = (reason: Error): void => { reject(reason) }
    signal.addEventListener('abort', () => { fail(signal.reason as Error) }, { once: true })
    stream.once('end', () => { fail(noMessage()) })
    stream.once('data', resolve)
  })
}

function keyNameOf (stream: Stream, keys: ApiKeys | undefined): string | undefined {
  const key = keyOf(stream)
  return key === undefined ? undefined : keys?.nameOf(key)
}

function keyOf ({ metadata }: Stream): string | undefined {
  const [own] = metadata.get('x-api-key')
  const [authorization] = metadata.get('authorization')
  return readKey(own?.toString(), authorization?.toString())
}

/** Without the port; undefined where the connection is gone. */
function peerOf (stream: Stream): string | undefined {
  const address = stream.getPeer().replace(/:\d+$/, '')
  return isIP(address) === 0 ? undefined : address
}

function forwardedFor ({ metadata }: Stream): string {
  return metadata.get('x-forwarded-for').join()
}

/** What the client can wait, and no more than the service would. */
function timeoutOf (stream: Stream, mostMs: number): number {
  return Math.max(1, Math.min(mostMs, Number(stream.getDeadline()) - Date.now()))
}

function gone (): ServiceError {
  return clientCancelled()
}

function asServiceError (error: unknown): ServiceError {
  if (error instanceof ServiceError) return error
  return internal(error)
}
