import { randomUUID } from 'node:crypto'
import fastify, { type FastifyBaseLogger, type FastifyInstance } from 'fastify'
import type { Config } from './config.js'
import type { Metrics } from './telemetry/metrics.js'
import { identifyPlugin, requireKeyPlugin } from './plugins/api-keys.js'
import { brokenHttpPlugin } from './plugins/broken-http.js'
import { closeConnectionsInOrder } from './plugins/close-connections.js'
import { limitConnections } from './plugins/connection-places.js'
import { corsPlugin } from './plugins/cors.js'
import { errorsPlugin } from './plugins/errors.js'
import { LINGER_MS, lingerPlugin } from './plugins/linger.js'
import { countConnections } from './telemetry/connections.js'
import { listenerOptions } from './plugins/listener.js'
import { observePlugin } from './plugins/observe.js'
import { openApiPlugin } from './plugins/open-api.js'
import { optionsPlugin } from './plugins/options.js'
import { RefusalLog } from './telemetry/refusal-log.js'
import { rateLimitPlugin } from './plugins/rate-limit.js'
import { securityHeadersPlugin } from './plugins/security-headers.js'
import { classifyRoutes } from './routes/classify.js'
import { docsRoutes, openApiRoute } from './routes/docs.js'
import { embedRoutes } from './routes/embed.js'
import { openInferenceRoutes } from './routes/open-inference/index.js'
import { pageRoutes } from './routes/page.js'
import { tensorflowServingRoutes } from './routes/tensorflow-serving/index.js'
import { metricsRoute, probeRoutes } from './routes/status.js'
import type { ByteBudget } from './intake/byte-budget.js'
import type { ApiKeys } from './intake/api-keys.js'
import { addressesBehind } from './intake/client.js'
import type { Slot } from './service/slot.js'
import { tracingPlugin } from './plugins/tracing.js'

export interface AppOptions {
  readonly config: Config
  readonly slot: Slot
  /** Undefined: everybody may use everything. */
  readonly keys: ApiKeys | undefined
  /** Shared by whatever takes uploads. */
  readonly budget: ByteBudget
  readonly metrics: Metrics
  readonly logger: FastifyBaseLogger
}

/** Those that the main port has in any case, as GET / lists them. */
const ENDPOINTS = [
  'POST /classify', 'POST /embed', 'POST /v2/models/NAME/infer', 'POST /v1/models/NAME:predict',
  'GET /openapi.json', 'GET /docs', 'GET /livez', 'GET /readyz'
]

/** The HTTP application: plugins and routes, nothing that listens. */
export async function buildApp ({ config, slot, keys, budget, metrics, logger }: AppOptions): Promise<FastifyInstance> {
  const observed = { metrics, refusals: new RefusalLog(logger), addressOf: addressesBehind(config.trustProxy) }
  const app = fastify({
    ...listenerOptions(logger, observed),
    genReqId: (request) => requestId(request.headers['x-request-id']),
    keepAliveTimeout: config.keepAliveMs,
    // The routes answer a body that trickles in; this ends what never becomes a request.
    requestTimeout: config.requestTimeoutMs + LINGER_MS
  })
  countConnections(app, metrics, 'main')
  limitConnections(app, { max: config.maxConnections, metrics, connections: closeConnectionsInOrder(app.server) })
  app.removeAllContentTypeParsers()
  // The routes judge and read bodies themselves, within their deadlines.
  app.addContentTypeParser('*', (_request, payload, done) => { done(null, payload) })
  // A connection that is kept alive would hold up the shutdown.
  app.addHook('onSend', (_request, reply, payload, done) => {
    if (slot.notReadyReason === 'draining') reply.header('connection', 'close')
    done(null, payload)
  })
  await app.register(lingerPlugin)
  await app.register(tracingPlugin)
  await app.register(errorsPlugin)
  await app.register(observePlugin, observed)
  await app.register(securityHeadersPlugin)
  await app.register(brokenHttpPlugin, { metrics })
  await app.register(corsPlugin, { origins: config.corsOrigins })
  await app.register(optionsPlugin)
  await app.register(identifyPlugin, { keys, metrics })
  await app.register(rateLimitPlugin, { perMinute: config.rateLimit })
  await app.register(requireKeyPlugin, { keys })
  await app.register(openApiPlugin, { title: 'Xception Serve', needsKey: keys !== undefined })
  await app.register(probeRoutes, { slot })
  const hasMetrics = config.adminPort === 'off'
  if (hasMetrics) await app.register(metricsRoute, { slot, metrics })
  const endpoints = [...ENDPOINTS, ...hasMetrics ? ['GET /metrics'] : []]
  await app.register(pageRoutes, { slot, endpoints, needsKey: keys !== undefined, maxImageBytes: config.maxImageBytes })
  const intake = { slot, limits: config, budget, metrics }
  await app.register(classifyRoutes, intake)
  await app.register(embedRoutes, intake)
  await app.register(openInferenceRoutes, intake)
  await app.register(tensorflowServingRoutes, intake)
  await app.register(openApiRoute)
  await app.register(docsRoutes)
  return app
}

/** The client's own id where it is one that a log can hold. */
function requestId (header: string | string[] | undefined): string {
  return typeof header === 'string' && /^[\w.:/+=-]{1,128}$/.test(header) ? header : randomUUID()
}
