import type { FastifyInstance, FastifyRequest } from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import { unauthorized } from '../base/sentences.js'
import type { ApiKeys } from '../intake/api-keys.js'
import { clientOf } from '../intake/client.js'
import type { Metrics } from '../telemetry/metrics.js'
import { readKey } from '../intake/key-headers.js'
import { onceOver } from './observe.js'

declare module 'fastify' {
  interface FastifyContextConfig {
    /**
     * Who may use a route without a key: a probe asks for health and is never limited, a page is for people, and its files
     * are not limited either, since one look at it takes many.
     */
    openTo?: 'probes' | 'pages' | 'files'
  }
  interface FastifyRequest {
    /** The name of the API key that the request brings; undefined without a valid one. */
    keyName: string | undefined
    /** Whose request it is, for whatever counts or shares out by client. */
    readonly client: string
  }
}

export interface ApiKeysOptions {
  /** Undefined: everybody may use everything. */
  readonly keys: ApiKeys | undefined
  readonly metrics: Metrics
}

/** Finds out whose request it is: for its log lines, its metrics and whatever follows. */
export const identifyPlugin = fastifyPlugin(async (app: FastifyInstance, { keys, metrics }: ApiKeysOptions) => {
  app.decorateRequest('keyName', undefined)
  app.decorateRequest('client', { getter () { return clientOf(this.keyName, this.clientAddress) } })
  if (keys === undefined) return
  app.addHook('onRequest', async (request, reply) => {
    const key = keyOf(request)
    request.keyName = key === undefined ? undefined : keys.nameOf(key)
    const { keyName } = request
    if (keyName !== undefined) request.log = request.log.child({ keyName })
    if (request.routeOptions.config.openTo === 'probes') return
    onceOver(reply, ({ status }) => { metrics.requestsByKey.inc({ key: keyName ?? '', status }) })
  })
})

/** Refuses what brings no valid key, before anything of its body is read. */
export const requireKeyPlugin = fastifyPlugin(async (app: FastifyInstance, { keys }: Pick<ApiKeysOptions, 'keys'>) => {
  if (keys === undefined) return
  app.addHook('onRequest', async (request, reply) => {
    if (request.keyName !== undefined || request.routeOptions.config.openTo !== undefined) return
    const isWrong = keyOf(request) !== undefined
    // RFC 6750, section 3: a request without a key is told how to bring one, and no error.
    reply.header('www-authenticate', `Bearer realm="xception-serve"${isWrong ? ', error="invalid_token"' : ''}`)
    throw unauthorized(isWrong)
  })
})

function keyOf ({ headers: { 'x-api-key': own, authorization } }: FastifyRequest): string | undefined {
  return readKey(typeof own === 'string' ? own : undefined, authorization)
}
