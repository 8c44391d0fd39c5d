import type { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'
import type { Metrics } from '../telemetry/metrics.js'
import './api-keys.js'
import type { OpenConnections } from './close-connections.js'

/** Places beside those of clients, for whoever asks for the service's health. */
export const EXTRA_PLACES = 16
/** A probe asks at once: who has said nothing after this is none. */
const EXTRA_MS = 1000

export interface PlacesOptions {
  readonly max: number
  readonly metrics: Metrics
  readonly connections: OpenConnections
}

/**
 * Bounds the connections at a time. Those over the bound are taken for probes until they ask for something: health is answered, and
 * anything else is closed without an answer, unless a place has become free, or another connection that is kept alive has long had
 * nothing to ask and goes.
 */
export function limitConnections (app: FastifyInstance, options: PlacesOptions): void {
  const places = new ConnectionPlaces(options)
  // While extra ones are closed, others come.
  app.server.maxConnections = options.max + 2 * EXTRA_PLACES
  app.server.on('drop', () => { options.metrics.connectionsRefused.inc() })
  app.server.on('connection', (socket) => { places.enter(socket) })
  app.addHook('onRequest', (request, reply, done) => {
    const isProbe = request.routeOptions.config.openTo === 'probes'
    if (places.has(request.socket, isProbe)) return done()
    if (isProbe) {
      reply.header('connection', 'close')
      return done()
    }
    reply.hijack()
    places.refuse(request.socket)
  })
}

class ConnectionPlaces {
  private taken = 0
  /** In the order in which they came. */
  private readonly extra = new Map<Socket, NodeJS.Timeout>()

  constructor (private readonly options: PlacesOptions) {}

  enter (socket: Socket): void {
    if (this.taken < this.options.max) return this.take(socket)
    const [oldest] = this.extra.keys()
    if (this.extra.size >= EXTRA_PLACES && oldest !== undefined) this.refuse(oldest)
    this.extra.set(socket, setTimeout(() => { this.refuse(socket) }, EXTRA_MS).unref())
    socket.once('close', () => { this.leaveExtra(socket) })
  }

  /** Whether a connection that asks for something has a place, or gets one; a probe takes none from others. */
  has (socket: Socket, isProbe: boolean): boolean {
    if (!this.extra.has(socket)) return true
    if (this.taken >= this.options.max && (isProbe || !this.makeRoom())) return false
    this.leaveExtra(socket)
    this.take(socket)
    return true
  }

  /** Closes a connection that has no place. */
  refuse (socket: Socket): void {
    this.leaveExtra(socket)
    this.options.metrics.connectionsRefused.inc()
    socket.destroy()
  }

  private take (socket: Socket): void {
    this.taken++
    socket.once('close', () => { this.taken-- })
  }

  private leaveExtra (socket: Socket): void {
    clearTimeout(this.extra.get(socket))
    this.extra.delete(socket)
  }

  private makeRoom (): boolean {
    const idle = this.options.connections.longestIdle((socket) => !this.extra.has(socket) && !socket.destroyed)
    idle?.destroy()
    return idle !== undefined
  }
}
