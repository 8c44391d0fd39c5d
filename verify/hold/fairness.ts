import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { quantile } from '../../src/base/statistics.js'
import type { RunningServer } from '../harness/server.js'
import type { Table } from '../table.js'
import { Flood } from './flood.js'

const FLOODING_CONNECTIONS = 256
const FORWARDED = 'x-forwarded-for'
/** Tries of the request of many images, each of which is refused at once. */
const MOST_TRIES = 100_000

/** One client's single requests, one after the other, alone and beside a client that floods. */
export interface FairnessFigure {
  readonly aloneP50: number
  readonly besideFloodP50: number
  readonly besideFloodP99: number
  readonly refused: number
  readonly answered: number
  /** Milliseconds for a request of 32 images of the client that floods. */
  readonly largeRequestMs: number
}

/** The server has to run with TRUST_PROXY=127.0.0.1, so that a header says whose a request is. */
export async function measureFairness ({ url }: RunningServer, photo: Buffer, seconds: number): Promise<FairnessFigure> {
  const alone = await singles(url, photo, seconds)
  const flood = Flood.ofPhoto(url, photo, { rate: 0, connections: FLOODING_CONNECTIONS, retryAtOnce: true }, [`${FORWARDED}: 192.0.2.1`])
  try {
    await sleep(3000)
    const beside = await singles(url, photo, seconds)
    return {
      aloneP50: quantile(alone.latencies, 0.5),
      besideFloodP50: quantile(beside.latencies, 0.5),
      besideFloodP99: quantile(beside.latencies, 0.99),
      refused: beside.refused,
      answered: beside.latencies.length,
      largeRequestMs: await largeRequest(url, photo)
    }
  } finally {
    await flood.stop()
  }
}

async function singles (url: string, photo: Buffer, seconds: number): Promise<{ latencies: number[], refused: number }> {
  const latencies: number[] = []
  let refused = 0
  for (const end = performance.now() + seconds * 1000; performance.now() < end;) {
    const sentAt = performance.now()
    const headers = { 'content-type': 'image/jpeg', [FORWARDED]: '192.0.2.2' }
    const response = await fetch(`${url}/classify`, { method: 'POST', body: new Uint8Array(photo), headers })
    await response.arrayBuffer()
    if (response.status === 200) latencies.push(performance.now() - sentAt)
    else refused++
  }
  return { latencies, refused }
}

/** Asks until it is admitted. */
async function largeRequest (url: string, photo: Buffer): Promise<number> {
  const body = JSON.stringify({ images: Array.from({ length: 32 }, () => photo.toString('base64')) })
  const startedAt = performance.now()
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    const headers = { 'content-type': 'application/json', [FORWARDED]: '192.0.2.1' }
    const response = await fetch(`${url}/classify`, { method: 'POST', body, headers })
    const text = await response.text()
    if (response.status === 200 && !text.includes('"error"')) return performance.now() - startedAt
    if (response.status !== 503) throw new Error(`a request of 32 images was answered ${response.status}: ${text.slice(0, 500)}`)
  }
  throw new Error(`a request of 32 images was refused ${MOST_TRIES} times`)
}

export function fairnessTable (figure: FairnessFigure): Table {
  return {
    header: ['p50 alone ms', 'p50 beside a flood ms', 'p99 beside a flood ms', 'answered', 'refused', '32 images in the flood, ms'],
    rows: [[
      figure.aloneP50.toFixed(0), figure.besideFloodP50.toFixed(0), figure.besideFloodP99.toFixed(0), String(figure.answered),
      String(figure.refused), figure.largeRequestMs.toFixed(0)
    ]]
  }
}
