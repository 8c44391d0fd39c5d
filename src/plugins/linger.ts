import type { IncomingMessage } from 'node:http'
import type { FastifyInstance } from 'fastify'
import fastifyPlugin from 'fastify-plugin'

/** How long a client may go on sending after it was answered, before its connection is cut. */
export const LINGER_MS = 5000

/**
 * A request can be answered before its body is read. What is still sent is then dropped, for a while: to close while the
 * client sends would often cost it the answer (RFC 9112 section 9.6). Nor is a client that asks before it sends (`Expect:
 * 100-continue`) told to go on: whoever reads the body does that.
 */
export const lingerPlugin = fastifyPlugin(async (app: FastifyInstance) => {
  app.server.on('checkContinue', (request, reply) => { app.routing(request, reply) })
  app.addHook('onSend', (request, _reply, payload, done) => {
    // A request without a connection (of `inject`) says nothing of it.
    if (request.raw.complete === false) linger(request.raw)
    done(null, payload)
  })
})

function linger (request: IncomingMessage): void {
  const { socket } = request
  const cut = setTimeout(() => { socket.destroy() }, LINGER_MS).unref()
  const close = socket.destroySoon.bind(socket)
  // What Node closes a connection with that is not kept alive: the answer's end is sent at once, and the rest still read.
  socket.destroySoon = () => {
    if (request.complete) return close()
    socket.end()
    request.once('end', close)
  }
  request.once('close', () => {
    clearTimeout(cut)
    Reflect.deleteProperty(socket, 'destroySoon')
  })
  request.resume()
}
