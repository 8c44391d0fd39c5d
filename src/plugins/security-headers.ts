import type { FastifyInstance } from 'fastify'
import fastifyPlugin from 'fastify-plugin'

/**
 * What tells a browser to do nothing with a reply but hand it to the page that asked: no guessing at its type, no scripts, no
 * frames, no address of this service in other servers' logs, and no use by other sites' pages except by CORS.
 */
export const SECURITY_HEADERS = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'content-security-policy': "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
} as const

/** For each reply, except those that `answerBrokenHttp` writes itself. */
export const securityHeadersPlugin = fastifyPlugin(async (app: FastifyInstance) => {
  app.addHook('onRequest', (_request, reply, done) => {
    reply.headers(SECURITY_HEADERS)
    done()
  })
})
