import type { FastifySchema, RouteShorthandOptions } from 'fastify'

/** What a route takes and gives, for people and for OpenAPI. */
export interface RouteDescription extends FastifySchema {
  readonly tags: readonly string[]
  readonly summary: string
}

/**
 * Options of a route whose schema only describes it: bodies are read, checked and bounded by the routes themselves as they come,
 * and replies are sent as the routes write them.
 */
export function described (schema: RouteDescription): Pick<RouteShorthandOptions, 'schema' | 'validatorCompiler' | 'serializerCompiler'> {
  return { schema, validatorCompiler: () => () => true, serializerCompiler: () => JSON.stringify }
}
