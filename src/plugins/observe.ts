import type { ServerResponse } from 'node:http'
import { performance } from 'node:perf_hooks'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import { ERRORS, type ErrorCode } from '../base/errors.js'
import type { AddressOf } from '../intake/client.js'
import type { Metrics } from '../telemetry/metrics.js'
import { countRequest, outcomeOf, type Outcome } from '../telemetry/requests.js'
import type { RefusalLog } from '../telemetry/refusal-log.js'

/** Asked all the time, or many times for one look at the page, as probes are: their log lines would drown the others. */
const QUIET_ROUTES: ReadonlySet<string> = new Set(['/metrics', '/page/:file'])

declare module 'fastify' {
  interface FastifyRequest {
    /** Where the request comes from. */
    clientAddress: string
  }
}

/** How a request ended, and the status that its client was sent. */
export interface End {
  readonly outcome: Outcome
  readonly status: number
}

/** Errors that were written to a connection by other hands, by the replies that they took the place of. */
const answeredApart = new WeakMap<ServerResponse, ErrorCode>()

/** Calls `done` when a request is over: `client_closed_request` if the client went before it had its answer. */
export function onceOver (reply: FastifyReply, done: (end: End) => void): void {
  // Fastify's own hook for this is not called for a client that goes.
  reply.raw.once('close', () => { done(endOf(reply.raw)) })
}

/** The client of this reply has its answer already, an error, and what the reply still writes does not reach it. */
export function answerApart (reply: ServerResponse, code: ErrorCode): void {
  answeredApart.set(reply, code)
}

function endOf (reply: ServerResponse): End {
  const apart = answeredApart.get(reply)
  if (apart !== undefined) return { outcome: apart, status: ERRORS[apart].status }
  if (reply.writableFinished) return { outcome: outcomeOf(reply), status: reply.statusCode }
  return { outcome: 'client_closed_request', status: ERRORS.client_closed_request.status }
}

export interface ObserveOptions {
  readonly metrics: Metrics
  readonly refusals: RefusalLog
  readonly addressOf: AddressOf
}

/** For each request: its id in the reply, its outcome, its duration and one log line, except for most of the refused ones. */
export const observePlugin = fastifyPlugin(async (app: FastifyInstance, options: ObserveOptions) => {
  app.decorateRequest('clientAddress', '')
  app.addHook('onRequest', (request, reply, done) => {
    observe(request, reply, options)
    done()
  })
  app.addHook('onClose', async () => { options.refusals.close() })
})

/** What the plugin does, for a request that reaches no hook. */
export function observe (request: FastifyRequest, reply: FastifyReply, { metrics, refusals, addressOf }: ObserveOptions): void {
  const startedAt = performance.now()
  // Unknown addresses share one label.
  const route = request.routeOptions.url ?? 'unknown'
  const end = countRequest(metrics, route)
  request.clientAddress = addressOf(request.socket.remoteAddress, forwardedFor(request))
  reply.header('x-request-id', request.id)
  onceOver(reply, ({ outcome, status }) => {
    end(outcome, status)
    const durationMs = performance.now() - startedAt
    const isQuiet = QUIET_ROUTES.has(route) || request.routeOptions.config.openTo === 'probes' || (status === 503 && !refusals.add())
    const { method, clientAddress: client } = request
    const facts = { method, route, status, outcome, client, durationMs: Number(durationMs.toFixed(1)) }
    request.log[isQuiet ? 'debug' : 'info'](facts, 'request')
  })
}

/** Node has joined those of several headers. */
function forwardedFor ({ headers: { 'x-forwarded-for': header } }: FastifyRequest): string | undefined {
  return typeof header === 'string' ? header : undefined
}
