import type { Server } from 'node:net'
import type { Metrics } from './metrics.js'

/** Keeps count of the connections that are open to what listens under this name. */
export function countConnections ({ server }: { readonly server: Server }, metrics: Metrics, listener: string): void {
  metrics.connections.set({ listener }, 0)
  server.on('connection', (socket) => {
    metrics.connections.inc({ listener })
    socket.once('close', () => { metrics.connections.dec({ listener }) })
  })
}
