import swaggerUi from '@fastify/swagger-ui'
import type { FastifyInstance } from 'fastify'
import { described } from './described.js'
import { DOCUMENT } from './schemas/docs.js'

/** Swagger's page runs the scripts that come with it, has small pictures in its style sheet, and asks this service alone. */
const DOCS_POLICY = [
  "default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self' data:", "connect-src 'self'",
  "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"
].join('; ')

/** GET /openapi.json: the routes of this port, as OpenAPI 3.1. */
export async function openApiRoute (app: FastifyInstance): Promise<void> {
  app.get('/openapi.json', { ...described(DOCUMENT), config: { openTo: 'files' } }, () => app.swagger())
}

/** GET /docs: the same as pages, which need nothing from elsewhere. */
export async function docsRoutes (app: FastifyInstance): Promise<void> {
  app.addHook('onRoute', (route) => { route.config = { ...route.config, openTo: 'files' } })
  await app.register(swaggerUi, {
    routePrefix: '/docs',
    staticCSP: DOCS_POLICY,
    // The document says which addresses the browser is to ask, and no other service is asked about it.
    uiConfig: { validatorUrl: null, url: '/openapi.json' },
    theme: { title: 'Xception Serve' }
  })
}
