import type { Server } from 'node:http'
import { LogController, type FastifyBaseLogger, type FastifyHttpOptions } from 'fastify'
import { answerBrokenHttp, follow } from './broken-http.js'
import { answerBrokenPath } from './errors.js'
import { observe, type ObserveOptions } from './observe.js'

/** How often Node looks for connections that are over their time. */
const CHECK_INTERVAL_MS = 1000
/** How long a connection may be silent before the other end is asked whether it is still there (TCP keep-alive). */
const SILENCE_MS = 60_000
/** Less than the chunks of a byte each in one read of 64 KiB hold, so that Node does not read twice before their reader's turn. */
const BUFFERED_BYTES = 8 * 1024

/** What every HTTP listener of the process has in common: each request is answered in the service's form, observed and counted. */
export function listenerOptions (logger: FastifyBaseLogger, options: ObserveOptions): FastifyHttpOptions<Server> {
  return {
    loggerInstance: logger,
    logController: new LogController({ disableRequestLogging: true }),
    http: {
      connectionsCheckingInterval: CHECK_INTERVAL_MS,
      requireHostHeader: false,
      highWaterMark: BUFFERED_BYTES,
      keepAlive: true,
      keepAliveInitialDelay: SILENCE_MS
    },
    clientErrorHandler: (error, socket) => { answerBrokenHttp(error, socket, options.metrics) },
    frameworkErrors: (_error, request, reply) => {
      observe(request, reply, options)
      follow(request.raw, reply.raw)
      void answerBrokenPath(reply)
    },
    // The routes say themselves, in the service's own form, that it is shutting down.
    return503OnClosing: false
  }
}
