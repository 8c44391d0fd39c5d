import { randomUUID } from 'node:crypto'
import fastify, { type FastifyBaseLogger, type FastifyInstance } from 'fastify'
import type { Config } from './config.js'
import type { Metrics } from './metrics.js'
import { errorsPlugin } from './plugins/errors.js'
import { observePlugin } from './plugins/observe.js'
import { classifyRoutes } from './routes/classify.js'
import { statusRoutes } from './routes/status.js'
import type { Service } from './service.js'

export interface AppOptions {
  readonly config: Config
  readonly service: Service
  readonly metrics: Metrics
  readonly logger: FastifyBaseLogger
}

/** The HTTP application: plugins and routes, nothing that listens. */
export async function buildApp ({ config, service, metrics, logger }: AppOptions): Promise<FastifyInstance> {
  const app = fastify({
    loggerInstance: logger,
    disableRequestLogging: true,
    genReqId: (request) => requestId(request.headers['x-request-id']),
    // A body that trickles in must not hold its place for ever.
    requestTimeout: config.requestTimeoutMs,
    // The routes say themselves, in the service's own form, that it is shutting down.
    return503OnClosing: false
  })
  app.removeContentTypeParser('text/plain')
  // A connection that is kept alive would hold up the shutdown.
  app.addHook('onSend', async (_request, reply) => {
    if (service.notReadyReason === 'draining') reply.header('connection', 'close')
  })
  await app.register(errorsPlugin, { config })
  await app.register(observePlugin, { metrics })
  await app.register(statusRoutes, { service, metrics })
  await app.register(classifyRoutes, { service, config })
  return app
}

/** The client's own id where it is one that a log can hold. */
function requestId (header: string | string[] | undefined): string {
  return typeof header === 'string' && /^[\w.:/+=-]{1,128}$/.test(header) ? header : randomUUID()
}
