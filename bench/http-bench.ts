import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Precision } from '../src/model/graph/index.js'
import { startServer } from '../test/support/server.js'
import { EngineProcess } from './engines/process.js'
import { measureLoad, type Load } from './load.js'
import type { Machine } from './machine.js'
import { loadModel } from './model.js'
import { writePackage } from './package-writer.js'
import { makePhotos } from './photos.js'
import { startPeer } from './servers.js'
import { quantile, summarize, type Summary } from './statistics.js'
import { formatTable } from './table.js'

const CONNECTIONS = [1, 4, 16, 64]
/** Batch sizes at which the raw engine is tried; its best is what the service is held against. */
const RAW_BATCH_SIZES = [4, 8, 16]
/** The first run is not counted. */
const RAW_REPEATS = 3

export interface HttpBenchOptions {
  readonly rounds: number
  readonly seconds: number
  readonly threads: number
  readonly model: string | undefined
}

interface Server {
  readonly name: string
  readonly url: string
  /** The same network without HTTP, for the service's own rows. */
  readonly raw?: EngineProcess
  stop (): Promise<unknown>
}

/** One server at one number of connections; the ratios are taken within a round. */
export interface HttpFigure extends Readonly<Record<keyof Load, Summary>> {
  readonly server: string
  readonly connections: number
  readonly toOnnxRuntimePeer: Summary
  /** Its rate as a share of the raw engine's at its best batch size; for the service's own rows. */
  readonly shareOfEngine?: Summary
}

export interface HttpResult {
  readonly weights: 'random' | 'real'
  readonly threads: number
  readonly rounds: number
  readonly seconds: number
  readonly figures: readonly HttpFigure[]
}

const ONNX_RUNTIME_PEER = 'onnxruntime-node in the handler'

/** One measurement of one round. */
interface Sample extends Load {
  readonly server: string
  readonly connections: number
  readonly round: number
  /** Images a second without HTTP. */
  readonly engineRate?: number
}

/** Loads the service and its peers in turn; who waits does nothing. The load comes from this process, on the same machine. */
export async function benchHttp (machine: Machine, options: HttpBenchOptions): Promise<HttpResult> {
  const folder = await mkdtemp(join(tmpdir(), 'xception-bench-'))
  const servers: Server[] = []
  try {
    await startServers(servers, machine, folder, options)
    const samples = await measureRounds(servers, options)
    const { model, threads, rounds, seconds } = options
    return {
      weights: model === undefined ? 'random' : 'real',
      threads,
      rounds,
      seconds,
      figures: CONNECTIONS.flatMap((connections) => servers.map(({ name }) => figureOf(name, connections, samples)))
    }
  } finally {
    await Promise.all(servers.flatMap((server) => [server.stop(), server.raw?.stop()]))
    await rm(folder, { recursive: true })
  }
}

async function startServers (servers: Server[], machine: Machine, folder: string, { threads, model }: HttpBenchOptions): Promise<void> {
  if (model === undefined) await writePackage(folder, await loadModel(model))
  const precisions: Precision[] = machine.nativeBfloat16 ? ['float32', 'bfloat16'] : ['float32']
  for (const precision of precisions) {
    const { url, stop } = await startServer({
      MODEL: model ?? folder, PRECISION: precision, BACKEND: 'cpu', TENSORFLOW_THREADS: String(threads), MODEL_CACHE_DIR: join(folder, 'cache')
    })
    await checkPrecision(url, precision)
    const raw = await EngineProcess.start({ engine: 'ours', precision, threads, model })
    servers.push({ name: `ours ${precision}`, url, raw, stop: () => stop() })
  }
  servers.push({ name: ONNX_RUNTIME_PEER, ...await startPeer('onnxruntime', { threads, model }) })
  servers.push({ name: 'tfjs-node in the handler', ...await startPeer('stock', { threads, model }) })
}

/** A setting that was not taken would be measured under a wrong name. */
async function checkPrecision (url: string, expected: Precision): Promise<void> {
  const [photo] = await makePhotos()
  const response = await fetch(`${url}/classify`, { method: 'POST', body: new Uint8Array(photo ?? []), headers: { 'content-type': 'image/jpeg' } })
  const { model } = await response.json() as { model?: { precision: string } }
  if (model?.precision !== expected) throw new Error(`the service was to compute in ${expected} and says ${model?.precision ?? response.status}`)
}

async function measureRounds (servers: readonly Server[], { rounds, seconds }: HttpBenchOptions): Promise<readonly Sample[]> {
  const photos = await makePhotos()
  const samples: Sample[] = []
  for (let round = 0; round < rounds; round++) {
    for (const connections of CONNECTIONS) {
      for (const { name, url, raw } of round % 2 === 0 ? servers : [...servers].reverse()) {
        const load = await measureLoad({ url, photos, connections, seconds })
        samples.push({ ...load, server: name, connections, round, ...(raw === undefined ? {} : { engineRate: await rawRate(raw) }) })
      }
    }
  }
  return samples
}

async function rawRate (engine: EngineProcess): Promise<number> {
  const rates: number[] = []
  for (const batchSize of RAW_BATCH_SIZES) {
    const { milliseconds } = await engine.run(batchSize, RAW_REPEATS)
    rates.push(batchSize * 1000 / quantile(milliseconds.slice(1), 0.5))
  }
  return Math.max(...rates)
}

function figureOf (server: string, connections: number, samples: readonly Sample[]): HttpFigure {
  const own = samples.filter((sample) => sample.server === server && sample.connections === connections)
  const peer = (round: number): number => samples.find((sample) => sample.server === ONNX_RUNTIME_PEER && sample.connections === connections && sample.round === round)?.imagesPerSecond ?? NaN
  const shares = own.flatMap(({ imagesPerSecond, engineRate }) => engineRate === undefined ? [] : [imagesPerSecond / engineRate])
  const of = (key: keyof Load): Summary => summarize(own.map((sample) => sample[key]))
  return {
    server,
    connections,
    toOnnxRuntimePeer: summarize(own.map(({ imagesPerSecond, round }) => imagesPerSecond / peer(round))),
    ...(shares.length === 0 ? {} : { shareOfEngine: summarize(shares) }),
    imagesPerSecond: of('imagesPerSecond'),
    p50: of('p50'),
    p95: of('p95'),
    p99: of('p99'),
    livezP99: of('livezP99')
  }
}

/** The figures as one table, ratios first. */
export function httpTable ({ figures }: HttpResult): string {
  return formatTable(
    ['server', 'connections', 'rate / ONNX Runtime peer', 'rate / raw engine', 'images/s', 'p50 ms', 'p95 ms', 'p99 ms', '/livez p99 ms'],
    figures.map((figure) => [
      figure.server, String(figure.connections), figure.toOnnxRuntimePeer.median.toFixed(2), figure.shareOfEngine?.median.toFixed(2) ?? '',
      figure.imagesPerSecond.median.toFixed(1), ...([figure.p50, figure.p95, figure.p99].map(({ median }) => median.toFixed(0))), figure.livezP99.median.toFixed(1)
    ])
  )
}
