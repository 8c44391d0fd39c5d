import { join } from 'node:path'
import { quantile } from '../../src/base/statistics.js'
import { summarize, spread, type Summary } from '../report/summary.js'
import type { Precision } from '../../src/compiler/index.js'
import type { ClassifyReply } from '../../src/contract/images.js'
import { SETTINGS } from '../../src/settings.js'
import { SingleConnection } from '../http/one-at-a-time.js'
import { makePhotos } from '../http/photos.js'
import { startServer } from '../../verify/harness/server.js'
import { inFolder, servedModel, weightsOf } from '../network/served.js'
import { precisionsOf, type Machine } from '../report/machine.js'
import type { Table } from '../../verify/table.js'

/** Node compiles what it runs often, and the first requests run what it has not compiled. */
const WARM_UP_REQUESTS = 200
const REQUESTS = 300

/** Requests that one server gets before the other has its turn. */
const BLOCK = 20

export interface RequestBenchOptions {
  readonly threads: number
  readonly model: string | undefined
  /** Folder of another state of this repository, which is set up: it is asked in turns with this one. */
  readonly beside: string | undefined
}

/** Where the milliseconds of one request go that has the service to itself. */
interface Stages {
  readonly total: number
  readonly decoding: number
  /** The run of the engine. */
  readonly run: number
  /** From the pixels to the engine's process, and from there to the answer. */
  readonly crossing: number
  /** The client, HTTP both ways, and what the service makes of headers, body and reply. */
  readonly rest: number
  /** What the same client waits for an answer without content: that part of the rest has nothing to do with images. */
  readonly empty: number
}

/** What stages take here, over what they take in the other state: of the lower quartiles of blocks in turns. */
interface Ratios {
  readonly crossing: Summary
  /** All beyond the run and decoding. */
  readonly beyond: Summary
}

interface RequestFigure extends Readonly<Record<keyof Stages, Summary>> {
  readonly network: 'bundled' | 'full-size'
  readonly precision: Precision
  readonly beside?: Ratios
}

export interface RequestResult {
  readonly weights: 'random' | 'real'
  readonly threads: number
  readonly requests: number
  readonly figures: readonly RequestFigure[]
}

/** Sends photos one after the other, and reads from each answer what its stages took. */
export async function benchRequest (machine: Machine, { threads, model, beside }: RequestBenchOptions): Promise<RequestResult> {
  return await inFolder(async (folder) => {
    const networks = { bundled: SETTINGS.model.default, 'full-size': await servedModel(model, folder) }
    const figures: RequestFigure[] = []
    for (const network of ['bundled', 'full-size'] as const) {
      for (const precision of precisionsOf(machine)) {
        const settings = { MODEL: networks[network], PRECISION: precision, BACKEND: 'cpu', TENSORFLOW_THREADS: String(threads) }
        const own = { ...settings, MODEL_CACHE_DIR: join(folder, 'cache') }
        const other = { ...settings, MODEL_CACHE_DIR: join(folder, 'cache-beside') }
        const measured = beside === undefined ? { stages: await measureStages(own) } : await measureBeside(own, other, beside)
        figures.push({ network, precision, ...summarizeStages(measured.stages), ...'ratios' in measured && { beside: measured.ratios } })
      }
    }
    return { weights: weightsOf(model), threads, requests: REQUESTS, figures }
  })
}

async function measureStages (env: Record<string, string>): Promise<readonly Stages[]> {
  const server = await startServer(env)
  try {
    const stages = await sendOneByOne(server.url)
    return stages.slice(WARM_UP_REQUESTS)
  } finally {
    await server.stop()
  }
}

/** Both states' servers, each in turn asked a block of requests. */
async function measureBeside (
  own: Record<string, string>, other: Record<string, string>, beside: string
): Promise<{ readonly stages: readonly Stages[], readonly ratios: Ratios }> {
  const photos = await makePhotos()
  const servers = [await startServer(own), await startServer(other, [process.execPath, join(beside, 'dist/src/main.js')])]
  try {
    const clients = await Promise.all(servers.map(({ url }) => SingleConnection.open(url)))
    const stages: Stages[] = []
    const crossing: number[] = []
    const beyond: number[] = []
    for (let block = 0; block < (WARM_UP_REQUESTS + REQUESTS) / BLOCK; block++) {
      const [ours = [], theirs = []] = await askInTurns(clients, photos, block % 2 === 1)
      if (block < WARM_UP_REQUESTS / BLOCK) continue
      stages.push(...ours)
      crossing.push(ratioOf(ours, theirs, (one) => one.crossing))
      beyond.push(ratioOf(ours, theirs, (one) => one.crossing + one.rest))
    }
    for (const client of clients) client.close()
    return { stages, ratios: { crossing: summarize(crossing), beyond: summarize(beyond) } }
  } finally {
    for (const server of servers) await server.stop()
  }
}

/** A block for each client, in their order or the other way round. */
async function askInTurns (clients: readonly SingleConnection[], photos: readonly Buffer[], isTurned: boolean): Promise<Stages[][]> {
  const blocks: Stages[][] = []
  for (const client of isTurned ? clients.toReversed() : clients) {
    const block: Stages[] = []
    for (let index = 0; index < BLOCK; index++) block.push(await measureOne(client, photos[index % photos.length] ?? Buffer.of()))
    blocks.push(block)
  }
  return isTurned ? blocks.toReversed() : blocks
}

function ratioOf (ours: readonly Stages[], theirs: readonly Stages[], of: (one: Stages) => number): number {
  return quantile(ours.map(of), 0.25) / quantile(theirs.map(of), 0.25)
}

async function sendOneByOne (url: string): Promise<readonly Stages[]> {
  const photos = await makePhotos()
  const client = await SingleConnection.open(url)
  try {
    const stages: Stages[] = []
    for (let index = 0; index < WARM_UP_REQUESTS + REQUESTS; index++) {
      stages.push(await measureOne(client, photos[index % photos.length] ?? Buffer.of()))
    }
    return stages
  } finally {
    client.close()
  }
}

async function measureOne (client: SingleConnection, photo: Buffer): Promise<Stages> {
  const { milliseconds: total, body } = await client.classify(photo)
  const { decodeMs: decoding, inferenceMs: run, queueMs: crossing } = (body as ClassifyReply).timings
  const { milliseconds: empty } = await client.probe()
  return { total, decoding, run, crossing, rest: total - decoding - run - crossing, empty }
}

function summarizeStages (stages: readonly Stages[]): Record<keyof Stages, Summary> {
  const of = (key: keyof Stages): Summary => summarize(stages.map((one) => one[key]))
  return { total: of('total'), decoding: of('decoding'), run: of('run'), crossing: of('crossing'), rest: of('rest'), empty: of('empty') }
}

export function requestTable ({ figures }: RequestResult): Table {
  const ratios = figures.some(({ beside }) => beside !== undefined)
  return {
    header: [
      'network', 'precision', 'ms', 'engine run', 'decoding', 'to the engine and back', 'HTTP and the rest', '`GET /livez`',
      ...ratios ? ['to the engine and back / before', 'beyond run and decoding / before'] : []
    ],
    rows: figures.map(({ network, precision, total, run, decoding, crossing, rest, empty, beside }) => [
      network, precision, ...[total, run, decoding, crossing, rest, empty].map((stage) => spread(stage, 2)),
      ...beside === undefined ? [] : [spread(beside.crossing, 2), spread(beside.beyond, 2)]
    ])
  }
}
