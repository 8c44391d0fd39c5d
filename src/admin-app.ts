import fastify, { type FastifyBaseLogger, type FastifyInstance } from 'fastify'
import { brokenHttpPlugin } from './plugins/broken-http.js'
import { closeConnectionsInOrder } from './plugins/close-connections.js'
import { errorsPlugin } from './plugins/errors.js'
import { countConnections } from './telemetry/connections.js'
import { listenerOptions } from './plugins/listener.js'
import { observePlugin } from './plugins/observe.js'
import { openApiPlugin } from './plugins/open-api.js'
import { optionsPlugin } from './plugins/options.js'
import { RefusalLog } from './telemetry/refusal-log.js'
import { securityHeadersPlugin } from './plugins/security-headers.js'
import { openApiRoute } from './routes/docs.js'
import { logLevelRoutes } from './routes/log-level.js'
import { reloadRoute } from './routes/reload.js'
import { metricsRoute, probeRoutes } from './routes/status.js'
import { addressesBehind } from './intake/client.js'
import type { Reloader } from './service/reload.js'
import type { Slot } from './service/slot.js'
import type { Metrics } from './telemetry/metrics.js'

export interface AdminAppOptions {
  readonly slot: Slot
  readonly reloader: Reloader
  readonly metrics: Metrics
  readonly logger: FastifyBaseLogger
}

/**
 * What only operators and their machines may reach, on a listener of its own: who may connect is all that guards it, so it
 * asks for no key. Nothing that listens.
 */
export async function buildAdminApp ({ slot, reloader, metrics, logger }: AdminAppOptions): Promise<FastifyInstance> {
  const observed = { metrics, refusals: new RefusalLog(logger), addressOf: addressesBehind('') }
  const app = fastify(listenerOptions(logger, observed))
  countConnections(app, metrics, 'admin')
  closeConnectionsInOrder(app.server)
  app.removeAllContentTypeParsers()
  await app.register(errorsPlugin)
  await app.register(observePlugin, observed)
  await app.register(securityHeadersPlugin)
  await app.register(brokenHttpPlugin, { metrics })
  await app.register(optionsPlugin)
  await app.register(openApiPlugin, { title: 'Xception Serve, administration', needsKey: false })
  await app.register(probeRoutes, { slot })
  await app.register(metricsRoute, { slot, metrics })
  await app.register(reloadRoute, { reloader })
  await app.register(logLevelRoutes, { logger })
  await app.register(openApiRoute)
  return app
}
