import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { performance } from 'node:perf_hooks'

/** How long a request whose head has begun to come is waited for. */
const HEAD_MS = 5000
/** A connection that has had nothing to ask for less long is about to, or has just been opened. */
const IDLE_MS = 1000

/** What is known of a connection. */
interface Connection {
  /** Requests that are not answered to their ends. */
  underWay: number
  /** What it had sent when it was last found idle: more is the beginning of a request. */
  bytesRead: number
  /** When that was, as `performance.now()` counts. */
  idleSince: number
}

/** The connections of a server. */
export interface OpenConnections {
  /** The one of these on which nothing has been asked for longest, and for a second at least. */
  longestIdle (these: (socket: Socket) => boolean): Socket | undefined
}

/**
 * Replaces what Node closes connections by when a server is closed: that waits for those that never sent a request, as
 * browsers and probes of a port open them, and cuts those whose reply a slow client has not yet taken. Here a connection is
 * closed as soon as nothing is asked on it, and not before its last reply is sent.
 */
export function closeConnectionsInOrder (server: Server): OpenConnections {
  const connections = new Map<Socket, Connection>()
  let isClosing = false
  const closeIfIdle = (socket: Socket): void => { if (isClosing && connections.get(socket)?.underWay === 0) socket.destroySoon() }
  const follow = ({ socket }: IncomingMessage, reply: ServerResponse): void => {
    const connection = connections.get(socket)
    if (connection === undefined) return
    connection.underWay++
    reply.once('close', () => {
      connection.underWay--
      connection.bytesRead = socket.bytesRead
      connection.idleSince = performance.now()
      closeIfIdle(socket)
    })
  }
  server.on('connection', (socket) => {
    connections.set(socket, { underWay: 0, bytesRead: 0, idleSince: performance.now() })
    socket.once('close', () => { connections.delete(socket) })
  })
  server.prependListener('request', follow)
  server.prependListener('checkContinue', follow)
  // What `close` calls, before it waits for the connections that are left.
  server.closeIdleConnections = () => {
    isClosing = true
    for (const [socket, { bytesRead }] of connections) {
      if (socket.bytesRead === bytesRead) closeIfIdle(socket)
      else setTimeout(closeIfIdle, HEAD_MS, socket).unref()
    }
  }
  return {
    longestIdle: (these) => {
      let longest: Socket | undefined
      let since = performance.now() - IDLE_MS
      for (const [socket, { underWay, bytesRead, idleSince }] of connections) {
        if (underWay > 0 || idleSince > since || socket.bytesRead !== bytesRead || !these(socket)) continue
        longest = socket
        since = idleSince
      }
      return longest
    }
  }
}
