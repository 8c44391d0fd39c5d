import { STATUS_CODES, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { FastifyInstance } from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import type { ServiceError } from '../base/errors.js'
import { headersTooLarge, lateRequest, noHost, noHttp, noProxy } from '../base/sentences.js'
import { toProblem } from '../contract/problems.js'
import type { Metrics } from '../telemetry/metrics.js'
import { countUnreadable } from '../telemetry/requests.js'
import { LINGER_MS } from './linger.js'
import { answerApart } from './observe.js'
import { SECURITY_HEADERS } from './security-headers.js'

/** What a connection has brought so far: a client may send the next request before it has its answer to the one before. */
interface Exchange {
  readonly unanswered: Set<ServerResponse>
  last: { readonly request: IncomingMessage, readonly reply: ServerResponse }
}

const exchanges = new WeakMap<Duplex, Exchange>()
/** Connections whose last answer is written or waits for its turn. */
const ending = new WeakSet<Duplex>()

/**
 * Has everything that Node would answer or drop by itself end in a problem of the service and in its metrics: no Host, CONNECT,
 * an unknown Expect. What cannot be parsed comes to `answerBrokenHttp`.
 */
export const brokenHttpPlugin = fastifyPlugin(async (app: FastifyInstance, { metrics }: { metrics: Metrics }) => {
  app.server.on('checkExpectation', (request, reply) => { app.routing(request, reply) })
  app.server.on('connect', (_request, socket) => {
    socket.on('error', () => { socket.destroy() })
    void endWith(socket, noProxy(), metrics)
  })
  // Neither this hook nor one before it may wait: what is broken may have come together with the request's head.
  app.addHook('onRequest', ({ raw }, reply, done) => {
    follow(raw, reply.raw)
    done(lacksHost(raw) ? noHost() : undefined)
  })
})

/** RFC 9112, section 3.2. */
function lacksHost ({ httpVersion, headers }: IncomingMessage): boolean {
  return httpVersion === '1.1' && headers.host === undefined
}

/** Remembers what a connection brings, so that what is broken on it is answered in its turn. */
export function follow (request: IncomingMessage, reply: ServerResponse): void {
  const last = { request, reply }
  const known = exchanges.get(request.socket)
  const { unanswered } = known ?? { unanswered: new Set<ServerResponse>() }
  if (known === undefined) exchanges.set(request.socket, { unanswered, last })
  else known.last = last
  unanswered.add(reply)
  reply.once('close', () => { unanswered.delete(reply) })
}

/** Answers what Node could not read as an HTTP request, in its turn, and closes the connection. */
export function answerBrokenHttp (error: Error & { code?: string }, socket: Duplex, metrics: Metrics): void {
  if (error.code === 'ECONNRESET' || !socket.writable) socket.destroy()
  // Node tells of each further piece that comes.
  else if (!ending.has(socket)) void endWith(socket, brokenHttp(error.code), metrics)
}

/** Without an error nothing is answered: the client has gone. */
async function endWith (socket: Duplex, error: ServiceError | undefined, metrics: Metrics): Promise<void> {
  ending.add(socket)
  const { unanswered, last } = exchanges.get(socket) ?? { unanswered: new Set<ServerResponse>() }
  // What is broken is the rest of the last request, or else another one after it.
  const broken = last?.request.complete === false ? last.reply : undefined
  await Promise.all([...unanswered].filter((reply) => reply !== broken).map(closed))
  if (error === undefined) {
    socket.destroy()
    return
  }
  if (socket.writable) {
    if (broken === undefined) countUnreadable(metrics, error.code)
    else if (!broken.headersSent) answerApart(broken, error.code)
    socket.end(broken?.headersSent === true ? undefined : written(error))
  }
  // Whoever keeps its side open would keep the connection.
  setTimeout(() => { socket.destroy() }, LINGER_MS).unref()
}

async function closed (reply: ServerResponse): Promise<void> {
  await new Promise((resolve) => { reply.once('close', resolve) })
}

function written (error: ServiceError): string {
  const problem = toProblem(error)
  const body = JSON.stringify(problem)
  return [
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}`,
    'content-type: application/problem+json', `content-length: ${Buffer.byteLength(body)}`, 'connection: close',
    ...Object.entries(SECURITY_HEADERS).map(([name, value]) => `${name}: ${value}`), '', body
  ].join('\r\n')
}

function brokenHttp (code: string | undefined): ServiceError | undefined {
  switch (code) {
    // It ended in the middle of a request.
    case 'HPE_INVALID_EOF_STATE': return undefined
    case 'ERR_HTTP_REQUEST_TIMEOUT': return lateRequest()
    case 'HPE_HEADER_OVERFLOW': return headersTooLarge()
    default: return noHttp()
  }
}
