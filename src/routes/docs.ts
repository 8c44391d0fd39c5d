import { readFile } from 'node:fs/promises'
import swaggerUi, { type FastifySwaggerUiOptions } from '@fastify/swagger-ui'
import type { FastifyInstance } from 'fastify'
import { packagePath } from '../base/package-root.js'
import { described } from './described.js'
import { DOCUMENT } from './schemas/docs.js'

type SwaggerUIPlugin = NonNullable<NonNullable<FastifySwaggerUiOptions['uiConfig']>['plugins']>[number]

/** Swagger's page runs the scripts that come with it, has small pictures in its style sheet, and asks this service alone. */
const DOCS_POLICY = [
  "default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self' data:", "connect-src 'self'",
  "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"
].join('; ')

/** Where the routes are: beside the document, whatever path a proxy has before it. */
const SERVERS = [{ url: '.' }]

/** GET /openapi.json: the routes of this port, as OpenAPI 3.1. */
export async function openApiRoute (app: FastifyInstance): Promise<void> {
  app.get('/openapi.json', { ...described(DOCUMENT), config: { openTo: 'files' } }, () => ({ ...app.swagger(), servers: SERVERS }))
}

/**
 * GET /docs: the same as pages, which need nothing from elsewhere. All addresses are relative, so that they hold behind a proxy that
 * takes a path off.
 */
export async function docsRoutes (app: FastifyInstance): Promise<void> {
  const content = await readFile(packagePath('page/icon.svg'))
  app.addHook('onRoute', (route) => { route.config = { ...route.config, openTo: 'files' } })
  // @fastify/swagger-ui would name the first absolutely, and the other's scripts below it.
  app.addHook('onRequest', (request, reply, done) => {
    if (request.url.startsWith('/docs/static/index.html')) reply.redirect('../')
    else if (request.url.startsWith('/docs/?')) reply.redirect('./')
    else done()
  })
  await app.register(swaggerUi, {
    routePrefix: '/docs',
    indexPrefix: '.',
    staticCSP: DOCS_POLICY,
    // The layout without a bar for other documents' addresses, and without a logo.
    uiConfig: { layout: 'BaseLayout', plugins: [showPublicDocument] },
    theme: { title: 'Xception Serve', favicon: [{ filename: 'icon.svg', rel: 'icon', type: 'image/svg+xml', sizes: 'any', content }] }
  })
}

/** The page's own, in the browser. */
declare const location: { readonly pathname: string }

/** Runs in the browser: the page names and reads /openapi.json beside it, not the copy below /docs that @fastify/swagger-ui gives it. */
const showPublicDocument: SwaggerUIPlugin = () => {
  const read = (act: (url: string) => unknown) => () => act(location.pathname.replace(/\/docs\/?$/, '/openapi.json'))
  return { statePlugins: { spec: { wrapActions: { updateUrl: read, download: read } } } }
}
