import { context, propagation, trace, SpanKind, SpanStatusCode } from '@opentelemetry/api'
import type { FastifyInstance } from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import { areSpansRecorded, tracer } from '../telemetry/tracing.js'
import { onceOver } from './observe.js'

/**
 * A server span for each request (probes and scrapes left out), child of the client's `traceparent`; what the request
 * does runs in it, and its log lines carry its ids. Attributes by OpenTelemetry's conventions for HTTP.
 */
export const tracingPlugin = fastifyPlugin(async (app: FastifyInstance) => {
  app.addHook('onRequest', (request, reply, done) => {
    const route = request.routeOptions.url
    if (!areSpansRecorded() || route === undefined || request.method !== 'POST') return done()
    const parent = propagation.extract(context.active(), request.headers)
    const span = tracer.startSpan(`${request.method} ${route}`, {
      kind: SpanKind.SERVER,
      attributes: { 'http.request.method': request.method, 'http.route': route, 'url.path': route }
    }, parent)
    const { traceId, spanId } = span.spanContext()
    if (trace.isSpanContextValid(span.spanContext())) request.log = request.log.child({ trace_id: traceId, span_id: spanId })
    onceOver(reply, ({ status }) => {
      span.setAttribute('http.response.status_code', status)
      if (status >= 500) span.setStatus({ code: SpanStatusCode.ERROR })
      span.end()
    })
    context.with(trace.setSpan(parent, span), done)
  })
})
