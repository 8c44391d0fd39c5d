import type { FastifyInstance } from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import type { Metrics } from '../metrics.js'

/** For each request: its id in the reply, one log line and its duration. */
export const observePlugin = fastifyPlugin(async (app: FastifyInstance, { metrics }: { metrics: Metrics }) => {
  app.addHook('onRequest', async (request, reply) => { reply.header('x-request-id', request.id) })

  app.addHook('onResponse', async (request, reply) => {
    // Unknown addresses share one label, or anybody could make as many time series as they like.
    const route = request.routeOptions.url ?? 'unknown'
    metrics.requestDuration.observe({ route, status: reply.statusCode }, reply.elapsedTime / 1000)
    const probe = route === '/livez' || route === '/readyz' || route === '/metrics'
    request.log[probe ? 'debug' : 'info']({ method: request.method, route, status: reply.statusCode, durationMs: Number(reply.elapsedTime.toFixed(1)) }, 'request')
  })
})
