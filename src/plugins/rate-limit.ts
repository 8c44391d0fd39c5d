import rateLimit from '@fastify/rate-limit'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import { rateLimited } from '../base/sentences.js'
import './api-keys.js'
import { RateWindows } from './rate-windows.js'

const MINUTE_MS = 60_000

declare module 'fastify' {
  interface FastifyInstance {
    /** Counts a request of another protocol with those of HTTP. Rejects with a ServiceError `rate_limited`. */
    limitRate (client: string): Promise<void>
  }
}

/**
 * Refuses a client's requests beyond so many in a minute, before their bodies are read. It stands before keys are required, so
 * that guessing keys is limited, too.
 */
export const rateLimitPlugin = fastifyPlugin(async (app: FastifyInstance, { perMinute }: { perMinute: number | 'off' }) => {
  if (perMinute === 'off') {
    app.decorate('limitRate', async () => {})
    return
  }
  await app.register(rateLimit, {
    global: false,
    max: perMinute,
    timeWindow: MINUTE_MS,
    store: RateWindows,
    enableDraftSpec: true,
    keyGenerator: (request) => request.client,
    allowList: ({ routeOptions: { config: { openTo } } }) => openTo === 'probes' || openTo === 'files',
    errorResponseBuilder: (_request, { max, ttl }) => rateLimited(max, Math.ceil(ttl / 1000))
  })
  const count = app.createRateLimit()
  app.decorate('limitRate', async (client: string) => {
    // All that the plugin and the functions above read of a request.
    const counted = await count({ client, routeOptions: { config: {} } } as FastifyRequest)
    if (!counted.isAllowed && counted.isExceeded) throw rateLimited(counted.max, Math.ceil(counted.ttl / 1000))
  })
  // The plugin's own hooks would run after those that refuse requests without a key, and not for unknown addresses.
  app.addHook('onRequest', app.rateLimit())
})
