import type { FastifyInstance, FastifyReply } from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import { ServiceError } from '../base/errors.js'
import { brokenAddress, clientClosed, internal, malformedBody, nothingHere, takes, unsupportedType } from '../base/sentences.js'
import { noteError } from '../telemetry/requests.js'
import { errorBody } from './error-body.js'
import { KnownAddresses } from './known-addresses.js'
import { SECURITY_HEADERS } from './security-headers.js'

declare module 'fastify' {
  interface FastifyInstance {
    /** The methods that a URL's address takes; undefined if there is no such address. */
    methodsOf (url: string): readonly string[] | undefined
  }
}

/** Every error leaves with a stable code, as `application/problem+json` (RFC 9457) or in the shape of the protocol that asked. */
export const errorsPlugin = fastifyPlugin(async (app: FastifyInstance) => {
  app.setErrorHandler((error: Error & { code?: string, statusCode?: number }, request, reply) => {
    const known = error instanceof ServiceError ? error : fromFramework(error)
    if (known.status === 500) request.log.error({ err: error }, known.message)
    return sendError(reply, known)
  })
  const addresses = new KnownAddresses()
  app.addHook('onRoute', ({ url, method }) => { addresses.add(url, method) })
  app.decorate('methodsOf', (url) => addresses.methodsOf(url.split('?')[0] ?? ''))
  app.setNotFoundHandler((request, reply) => {
    const methods = app.methodsOf(request.url)
    if (methods === undefined) return sendError(reply, nothingHere())
    return sendError(reply.header('allow', allowOf(methods)), takes(methods))
  })
})

/** The header `Allow` of an address with these methods: any takes OPTIONS, too. */
export function allowOf (methods: readonly string[]): string {
  return [...methods, 'OPTIONS'].join(', ')
}

function sendError (reply: FastifyReply, error: ServiceError): FastifyReply {
  if (error.retryAfterSeconds !== undefined) reply.header('retry-after', error.retryAfterSeconds)
  // What still trickles in is not waited for.
  if (error.code === 'deadline_exceeded') reply.header('connection', 'close')
  noteError(reply.raw, error.code)
  const { contentType, json } = errorBody(error, reply.request.url)
  return reply.code(error.status).type(contentType).send(json)
}

/** Answers a request whose path the router cannot read, which it keeps from every hook and handler. */
export function answerBrokenPath (reply: FastifyReply): FastifyReply {
  // No hook runs for such an address.
  reply.headers(SECURITY_HEADERS)
  return sendError(reply, brokenAddress())
}

function fromFramework (error: Error & { code?: string, statusCode?: number }): ServiceError {
  switch (error.code) {
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE': return unsupportedType()
    case 'ECONNRESET': return clientClosed()
    default: break
  }
  if (error.statusCode !== undefined && error.statusCode < 500) {
    return malformedBody(`The request cannot be read: ${error.message}`, error)
  }
  return internal(error)
}
