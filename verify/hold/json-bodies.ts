import { once } from 'node:events'
import { connect } from 'node:net'
import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { quantile } from '../../src/base/statistics.js'
import { startProbe } from '../harness/probe.js'
import { memoryOf } from '../harness/process-memory.js'
import type { Table } from '../table.js'
import { JSON_SHAPES, type JsonShape } from './json-shapes.js'

/** A turn of the server's loop accepts one connection: more often than it turns, probes would wait for each other. */
const PROBE_INTERVAL_MS = 100
const SAMPLE_INTERVAL_MS = 10
/** What is written before others have their turn in this process, which also asks /livez. */
const PIECE_BYTES = 256 * 1024

/** What one body costs the service. */
export interface JsonBodyFigure {
  readonly shape: string
  readonly status: number
  /** MB of 10^6 bytes, as sent. */
  readonly body: number
  /** From the first byte to the answer. */
  readonly seconds: number
  /** How long GET /livez took meanwhile, in milliseconds. */
  readonly livezP99: number
  readonly livezMax: number
  /** The most that the resident set was meanwhile above what it was before, in MB. */
  readonly growth: number
}

/** Sends each of JSON_SHAPES once to POST /classify of a running server, and watches what /livez and its memory do. Linux only. */
export async function measureJsonBodies (url: string, pid: number): Promise<readonly JsonBodyFigure[]> {
  const figures: JsonBodyFigure[] = []
  for (const shape of JSON_SHAPES) figures.push(await measure(shape, url, pid))
  return figures
}

async function measure (shape: JsonShape, url: string, pid: number): Promise<JsonBodyFigure> {
  const body = shape.body()
  const { resident } = await memoryOf(pid)
  const memory = watchMemory(pid)
  const probe = startProbe(`${url}/livez`, PROBE_INTERVAL_MS)
  const startedAt = performance.now()
  const status = await send(url, shape, body)
  const seconds = (performance.now() - startedAt) / 1000
  const livez = await probe.stop()
  const growth = await memory.stop() - resident
  const [livezP99, livezMax] = [quantile(livez, 0.99), Math.max(...livez)]
  return { shape: shape.name, status, body: body.length / 1e6, seconds, livezP99, livezMax, growth }
}

/** Resolves with the status, as soon as it is there: a body may be refused before its end. */
async function send (url: string, { isChunked }: JsonShape, body: Buffer): Promise<number> {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  const answered = once(socket, 'data') as Promise<[Buffer]>
  const framing = isChunked ? 'transfer-encoding: chunked' : `content-length: ${body.length}`
  socket.write(`POST /classify HTTP/1.1\r\nhost: bench\r\nconnection: close\r\ncontent-type: application/json\r\n${framing}\r\n\r\n`)
  for (let start = 0; start < body.length && socket.bytesRead === 0; start += PIECE_BYTES) {
    if (!socket.write(body.subarray(start, start + PIECE_BYTES))) await Promise.race([once(socket, 'drain'), answered])
  }
  const [answer] = await answered
  socket.destroy()
  return Number(/^HTTP\/1\.1 (\d{3})/.exec(answer.toString('latin1'))?.[1])
}

function watchMemory (pid: number): { stop (): Promise<number> } {
  const end = new AbortController()
  const most = (async () => {
    let resident = 0
    while (!end.signal.aborted) {
      resident = Math.max(resident, (await memoryOf(pid)).resident)
      await sleep(SAMPLE_INTERVAL_MS)
    }
    return resident
  })()
  return {
    stop: async () => {
      end.abort()
      return await most
    }
  }
}

export function jsonBodiesTable (figures: readonly JsonBodyFigure[]): Table {
  return {
    header: ['body', 'MB', 'status', 'seconds', '/livez p99 ms', '/livez max ms', 'resident set grew by, of the body'],
    rows: figures.map(({ shape, status, body, seconds, livezP99, livezMax, growth }) => [
      shape, body.toFixed(0), String(status), seconds.toFixed(2), livezP99.toFixed(1), livezMax.toFixed(1), (growth / body).toFixed(2)
    ])
  }
}
