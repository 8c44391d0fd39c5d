import type { FastifyInstance } from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import { nothingHere } from '../base/sentences.js'
import { allowOf } from './errors.js'

/** What OPTIONS for the service as a whole, whose address is an asterisk, is answered. */
const ANYWHERE = ['GET', 'HEAD', 'POST']

/**
 * Answers OPTIONS (RFC 9110, section 9.3.7): 204 with the methods that the address takes, which asks for no key, as a browser's
 * preflight brings none. Headers for that are set before.
 */
export const optionsPlugin = fastifyPlugin(async (app: FastifyInstance) => {
  app.addHook('onRequest', (request, reply, done) => {
    if (request.method !== 'OPTIONS') return done()
    const methods = request.url === '*' ? ANYWHERE : app.methodsOf(request.url)
    if (methods === undefined) return done(nothingHere())
    reply.code(204).header('allow', allowOf(methods)).send()
  })
})
