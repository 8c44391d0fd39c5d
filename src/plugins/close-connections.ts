import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/**
 * Replaces what Node closes connections by when a server is closed: that waits for those that never sent a request, as
 * browsers and probes of a port open them, and cuts those whose reply a slow client has not yet taken. Here a connection is
 * closed as soon as nothing is asked on it, and not before its last reply is sent.
 */
export function closeConnectionsInOrder (server: Server): void {
  /** Requests under way, by connection. */
  const underWay = new Map<Socket, number>()
  let isClosing = false
  const closeIfIdle = (socket: Socket): void => { if (isClosing && underWay.get(socket) === 0) socket.destroySoon() }
  const follow = ({ socket }: IncomingMessage, reply: ServerResponse): void => {
    const add = (count: number): void => {
      const before = underWay.get(socket)
      if (before !== undefined) underWay.set(socket, before + count)
    }
    add(1)
    reply.once('close', () => {
      add(-1)
      closeIfIdle(socket)
    })
  }
  server.on('connection', (socket) => {
    underWay.set(socket, 0)
    socket.once('close', () => { underWay.delete(socket) })
  })
  server.prependListener('request', follow)
  server.prependListener('checkContinue', follow)
  // What `close` calls, before it waits for the connections that are left.
  server.closeIdleConnections = () => {
    isClosing = true
    for (const socket of underWay.keys()) closeIfIdle(socket)
  }
}
