import type { handleClientStreamingCall, Server } from '@grpc/grpc-js'
import { noMethod } from '../base/sentences.js'
import type { Answer } from './call.js'
import type { Method } from './messages.js'

/** Stands for every method that there is not: their names are the clients' to choose. Its messages are never read. */
export const UNKNOWN_METHOD: Method = { name: 'unknown', path: '/unknown', decode: () => ({}), encode: () => Buffer.alloc(0) }

export const refuseUnknownMethod: Answer = async () => {
  throw noMethod()
}

/** Has calls of methods that the server does not have go to `handler`, which is registered as one of them. */
export function answerUnknownMethods (server: Server, handler: handleClientStreamingCall<Buffer, Buffer>): void {
  const asItIs = (bytes: Buffer): Buffer => bytes
  server.register(UNKNOWN_METHOD.path, handler, asItIs, asItIs, 'clientStream')
  // The library answers those calls by itself, untold; this is where it looks for a method.
  const handlers: Map<string, unknown> = server['handlers']
  const find = handlers.get.bind(handlers)
  handlers.get = (path) => find(path) ?? find(UNKNOWN_METHOD.path)
}
