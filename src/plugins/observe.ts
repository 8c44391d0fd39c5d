import { performance } from 'node:perf_hooks'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import { ERRORS } from '../base/errors.js'
import type { Metrics } from '../telemetry/metrics.js'
import type { RefusalLog } from './refusal-log.js'

/** Asked all the time, or many times for one look at the page, as probes are: their log lines would drown the others. */
const QUIET_ROUTES: ReadonlySet<string> = new Set(['/metrics', '/page/:file'])

/** Calls `done` when a request is over, with its status: 499 if the client went before it had its answer. */
export function onceOver (reply: FastifyReply, done: (status: number) => void): void {
  // Fastify's own hook for this is not called for a client that goes.
  reply.raw.once('close', () => { done(reply.raw.writableFinished ? reply.statusCode : ERRORS.client_closed_request.status) })
}

export interface ObserveOptions {
  readonly metrics: Metrics
  readonly refusals: RefusalLog
}

/** For each request: its id in the reply, its duration and one log line, except for most of the refused ones. */
export const observePlugin = fastifyPlugin(async (app: FastifyInstance, options: ObserveOptions) => {
  app.addHook('onRequest', (request, reply, done) => {
    observe(request, reply, options)
    done()
  })
  app.addHook('onClose', async () => { options.refusals.close() })
})

/** What the plugin does, for a request that reaches no hook. */
export function observe (request: FastifyRequest, reply: FastifyReply, { metrics, refusals }: ObserveOptions): void {
  const startedAt = performance.now()
  reply.header('x-request-id', request.id)
  onceOver(reply, (status) => {
    const durationMs = performance.now() - startedAt
    // Unknown addresses share one label, or anybody could make as many time series as they like.
    const route = request.routeOptions.url ?? 'unknown'
    metrics.requestDuration.observe({ route, status }, durationMs / 1000)
    const isQuiet = QUIET_ROUTES.has(route) || request.routeOptions.config.openTo === 'probes' || (status === 503 && !refusals.add())
    const facts = { method: request.method, route, status, durationMs: Number(durationMs.toFixed(1)) }
    request.log[isQuiet ? 'debug' : 'info'](facts, 'request')
  })
}
