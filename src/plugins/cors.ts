import cors from '@fastify/cors'
import type { FastifyInstance } from 'fastify'
import fastifyPlugin from 'fastify-plugin'

/** Headers of replies that a page's script may read. */
const EXPOSED = [
  'x-request-id', 'retry-after', 'www-authenticate', 'ratelimit-limit', 'ratelimit-remaining', 'ratelimit-reset',
  'inference-header-content-length', 'allow'
]
/** Headers that a page's script may send besides the harmless ones. */
const ALLOWED = [
  'content-type', 'authorization', 'x-api-key', 'x-request-id', 'x-request-timeout-ms', 'traceparent', 'tracestate',
  'content-encoding', 'inference-header-content-length'
]
/** How long a browser may remember the answer to its preflight: the most that browsers keep to. */
const MAX_AGE_SECONDS = 7200

/** Lets pages of these origins call the service (`*`: of every origin, `''`: of none). No cookies: keys are sent by headers. */
export const corsPlugin = fastifyPlugin(async (app: FastifyInstance, { origins }: { origins: string }) => {
  if (origins === '') return
  await app.register(cors, {
    origin: origins === '*' ? '*' : origins.split(',').map((origin) => origin.trim()),
    methods: ['GET', 'HEAD', 'POST'],
    allowedHeaders: ALLOWED,
    exposedHeaders: EXPOSED,
    maxAge: MAX_AGE_SECONDS,
    // What answers OPTIONS comes behind it.
    preflightContinue: true,
    // It would answer 400 in plain text.
    strictPreflight: false
  })
})
