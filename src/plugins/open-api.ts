import swagger from '@fastify/swagger'
import type { FastifyInstance } from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import { SERVICE_VERSION } from '../base/version.js'

export interface OpenApiOptions {
  readonly title: string
  /** Whether routes that are open to nobody in particular ask for an API key. */
  readonly needsKey: boolean
}

/**
 * Describes the routes that are registered afterwards as OpenAPI 3.1, from their schemas.
 */
export const openApiPlugin = fastifyPlugin(async (app: FastifyInstance, { title, needsKey }: OpenApiOptions) => {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title,
        version: SERVICE_VERSION,
        description: 'Image classification over HTTP.',
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' }
      },
      ...needsKey ? { security: [{ bearer: [] }, { key: [] }] } : {},
      components: needsKey
        ? { securitySchemes: { bearer: { type: 'http', scheme: 'bearer' }, key: { type: 'apiKey', in: 'header', name: 'x-api-key' } } }
        : {}
    },
  })
})
