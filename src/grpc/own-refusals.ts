import {
  ResponderBuilder, ServerInterceptingCall, ServerListenerBuilder, status, type Metadata, type ServerInterceptor
} from '@grpc/grpc-js'
import type { ErrorCode } from '../base/errors.js'

/** What the library says before a message reaches its handler, and the stable code of the same. */
const CODE_OF: Partial<Record<status, ErrorCode>> = {
  [status.RESOURCE_EXHAUSTED]: 'request_too_large',
  [status.INTERNAL]: 'malformed_body',
  [status.UNIMPLEMENTED]: 'malformed_body',
  [status.DEADLINE_EXCEEDED]: 'deadline_exceeded'
}

/** The last status of each call, by the one object that both its interceptor and its handler see. */
const sent = new WeakMap<Metadata, status>()

/** Remembers the status of each call, for `ownRefusalOf`. */
export const rememberStatus: ServerInterceptor = (_method, call) => {
  let received: Metadata | undefined
  // Not a responder: the library's own refusals begin below all of them.
  const send = call.sendStatus.bind(call)
  call.sendStatus = (how) => {
    if (received !== undefined && how.code !== undefined) sent.set(received, how.code)
    send(how)
  }
  const listener = new ServerListenerBuilder().withOnReceiveMetadata((metadata, next) => {
    received = metadata
    next(metadata)
  }).build()
  return new ServerInterceptingCall(call, new ResponderBuilder().withStart((next) => { next(listener) }).build())
}

/** Why the library ended a call that its handler had not answered; undefined where it did not, since the client went. */
export function ownRefusalOf ({ metadata }: { readonly metadata: Metadata }): ErrorCode | undefined {
  const code = sent.get(metadata)
  return code === undefined ? undefined : CODE_OF[code]
}
