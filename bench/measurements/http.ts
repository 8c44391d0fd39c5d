import { decodingTime } from './decoding.js'
import type { TimedEngine } from '../engines/engine.js'
import { timeTurn } from '../engines/turn.js'
import { measureLoad, type Load } from '../http/load.js'
import { watchShares, type Shares } from '../http/load-shares.js'
import type { Machine } from '../report/machine.js'
import { makePhotos } from '../http/photos.js'
import { ONNX_RUNTIME_PEER, startServers, type LoadedServer } from '../http/servers.js'
import { inFolder, servedModel, weightsOf } from '../network/served.js'
import { summarize, type Summary } from '../report/summary.js'
import type { Table } from '../../verify/table.js'

const CONNECTIONS = [1, 4, 16, 64]
/** Where the engine should never wait for images. */
export const SATURATION_CONNECTIONS = 16
/** Batch sizes at which the raw engine is tried; its best is what the service is held against. */
const RAW_BATCH_SIZES = [4, 8, 16]

export interface HttpBenchOptions {
  readonly rounds: number
  readonly seconds: number
  readonly threads: number
  readonly model: string | undefined
}

/** One server at one number of connections; the ratios are taken within a round. */
export interface HttpFigure extends Readonly<Record<keyof Load, Summary>> {
  readonly server: string
  readonly connections: number
  readonly toOnnxRuntimePeer: Summary
  /** Its rate as a share of the raw engine's at its best batch size; for the service's own rows. */
  readonly shareOfEngine?: Summary
  /** Where the service's own time goes where it is saturated. */
  readonly shares?: Readonly<Record<keyof Shares, Summary>>
}

export interface HttpResult {
  readonly weights: 'random' | 'real'
  readonly threads: number
  readonly rounds: number
  readonly seconds: number
  /** Who could not be measured here, and why. */
  readonly leftOut: readonly string[]
  readonly figures: readonly HttpFigure[]
}

/** One measurement of one round. */
interface Sample extends Load {
  readonly server: string
  readonly connections: number
  readonly round: number
  /** Images a second without HTTP. */
  readonly engineRate?: number
  readonly shares?: Shares | undefined
}

/** Loads the service and its peers in turn; who waits does nothing. The load comes from this process, on the same machine. */
export async function benchHttp (machine: Machine, options: HttpBenchOptions): Promise<HttpResult> {
  return await inFolder(async (folder) => {
    const servers: LoadedServer[] = []
    try {
      const { threads, rounds, seconds } = options
      const served = await servedModel(options.model, folder)
      const decodingMs = await decodingTime(served)
      const leftOut = await startServers(servers, { machine, folder, served, threads, model: options.model })
      const samples = await measureRounds(servers, decodingMs, options)
      const figures = CONNECTIONS.flatMap((connections) => servers.map(({ name }) => figureOf(name, connections, samples)))
      return { weights: weightsOf(options.model), threads, rounds, seconds, leftOut, figures }
    } finally {
      await Promise.all(servers.flatMap((server) => [server.stop(), server.raw?.stop()]))
    }
  })
}

async function measureRounds (
  servers: readonly LoadedServer[], decodeCpuMs: number, { rounds, seconds }: HttpBenchOptions
): Promise<readonly Sample[]> {
  const photos = await makePhotos()
  const samples: Sample[] = []
  for (let round = 0; round < rounds; round++) {
    for (const connections of CONNECTIONS) {
      for (const server of round % 2 === 0 ? servers : [...servers].reverse()) {
        const { name, url, raw } = server
        const watched = raw !== undefined && connections === SATURATION_CONNECTIONS
        server.resume?.()
        const [load, shares] = await Promise.all([
          measureLoad({ url, photos, connections, seconds }),
          watched ? watchShares({ url, seconds, decodeCpuMs }) : undefined
        ])
        server.pause?.()
        const engineRate = raw === undefined ? {} : { engineRate: await rawRate(raw) }
        samples.push({ ...load, server: name, connections, round, shares, ...engineRate })
      }
    }
  }
  return samples
}

async function rawRate (engine: TimedEngine): Promise<number> {
  const rates: number[] = []
  for (const batchSize of RAW_BATCH_SIZES) {
    rates.push(1000 / await timeTurn(engine, batchSize))
  }
  return Math.max(...rates)
}

function figureOf (server: string, connections: number, samples: readonly Sample[]): HttpFigure {
  const own = samples.filter((sample) => sample.server === server && sample.connections === connections)
  const peers = samples.filter((sample) => sample.server === ONNX_RUNTIME_PEER && sample.connections === connections)
  const peer = (round: number): number => peers.find((sample) => sample.round === round)?.imagesPerSecond ?? NaN
  const engineShares = own.flatMap(({ imagesPerSecond, engineRate }) => engineRate === undefined ? [] : [imagesPerSecond / engineRate])
  const of = (key: keyof Load): Summary => summarize(own.map((sample) => sample[key]))
  return {
    server,
    connections,
    toOnnxRuntimePeer: summarize(own.map(({ imagesPerSecond, round }) => imagesPerSecond / peer(round))),
    ...(engineShares.length === 0 ? {} : { shareOfEngine: summarize(engineShares) }),
    ...summarizeShares(own),
    imagesPerSecond: of('imagesPerSecond'),
    p50: of('p50'),
    p95: of('p95'),
    p99: of('p99'),
    livezP99: of('livezP99')
  }
}

function summarizeShares (samples: readonly Sample[]): Pick<HttpFigure, 'shares'> {
  const shares = samples.flatMap((sample) => sample.shares ?? [])
  if (shares.length === 0) return {}
  const of = (key: keyof Shares): Summary => summarize(shares.map((one) => one[key]))
  return { shares: { engineIdle: of('engineIdle'), decodeCpu: of('decodeCpu') } }
}

/** What was measured, in words. */
export function howHttp ({ rounds, seconds, threads, leftOut }: HttpResult): string {
  return [`medians of ${rounds} rounds of ${seconds} s, ${threads} threads`, ...leftOut].join('; ')
}

/** The figures as one table, ratios first. */
export function httpTable ({ figures }: HttpResult): Table {
  // The readings are some milliseconds apart from the batches' ends, so that a share of nothing may come out below.
  const percent = (share: Summary | undefined): string => share === undefined ? '' : Math.max(0, share.median * 100).toFixed(1)
  return {
    header: [
      'server', 'connections', 'rate / ONNX Runtime peer', 'rate / raw engine', 'engine idle %', 'decoding % of CPU',
      'images/s', 'p50 ms', 'p95 ms', 'p99 ms', '/livez p99 ms'
    ],
    rows: figures.map((figure) => [
      figure.server, String(figure.connections), figure.toOnnxRuntimePeer.median.toFixed(2), figure.shareOfEngine?.median.toFixed(2) ?? '',
      percent(figure.shares?.engineIdle), percent(figure.shares?.decodeCpu),
      figure.imagesPerSecond.median.toFixed(1),
      ...([figure.p50, figure.p95, figure.p99].map(({ median }) => median.toFixed(0))),
      figure.livezP99.median.toFixed(1)
    ])
  }
}
