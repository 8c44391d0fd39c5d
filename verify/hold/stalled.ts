import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { memoryOf } from '../harness/process-memory.js'
import type { RunningServer } from '../harness/server.js'
import type { Table } from '../table.js'

const CONNECTIONS = 40
const MIB = 2 ** 20
const ANNOUNCED_BYTES = 60 * MIB
const CHUNK = Buffer.alloc(MIB, 'a')

/** Clients that send most of a large body and then nothing. */
export interface StalledFigure {
  readonly connections: number
  readonly announcedMiB: number
  /** Answered at once, 503. */
  readonly refused: number
  /** What the server's resident set grew by, of 10^6 bytes. */
  readonly grownMB: number
}

/** Each connection announces 60 MiB, sends all but the last byte, and stalls. */
export async function measureStalled ({ url, pid }: RunningServer): Promise<StalledFigure> {
  const { resident: before } = await memoryOf(pid)
  const { hostname, port } = new URL(url)
  let refused = 0
  const sockets: Socket[] = []
  for (let index = 0; index < CONNECTIONS; index++) {
    const socket = connect(Number(port), hostname).on('error', () => {})
    sockets.push(socket)
    await once(socket, 'connect')
    socket.once('data', () => { refused++ })
    const fields = `host: x\r\ncontent-type: application/json\r\ncontent-length: ${ANNOUNCED_BYTES}`
    socket.write(`POST /classify HTTP/1.1\r\n${fields}\r\n\r\n{"images":["`)
    for (let sent = 0; sent + CHUNK.length < ANNOUNCED_BYTES && socket.bytesRead === 0 && !socket.destroyed; sent += CHUNK.length) {
      if (!socket.write(CHUNK)) await nextEvent(socket)
    }
  }
  await sleep(1000)
  const { resident: after } = await memoryOf(pid)
  for (const socket of sockets) socket.destroy()
  return { connections: CONNECTIONS, announcedMiB: ANNOUNCED_BYTES / MIB, refused, grownMB: after - before }
}

/** Resolves when the socket takes more, is answered or is closed. */
async function nextEvent (socket: Socket): Promise<void> {
  const over = new AbortController()
  const events = ['drain', 'data', 'close'].map(async (event) => await once(socket, event, { signal: over.signal }))
  await Promise.race(events)
  over.abort()
  await Promise.allSettled(events)
}

export function stalledTable ({ connections, announcedMiB, refused, grownMB }: StalledFigure): Table {
  return {
    header: ['connections that stall', 'MiB announced each', 'refused', 'resident set grew by, MB'],
    rows: [[String(connections), String(announcedMiB), String(refused), grownMB.toFixed(0)]]
  }
}
