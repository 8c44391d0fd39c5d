import { join } from 'node:path'
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

export interface RequestBenchOptions {
  readonly threads: number
  readonly model: string | undefined
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

interface RequestFigure extends Readonly<Record<keyof Stages, Summary>> {
  readonly network: 'bundled' | 'full-size'
  readonly precision: Precision
}

export interface RequestResult {
  readonly weights: 'random' | 'real'
  readonly threads: number
  readonly requests: number
  readonly figures: readonly RequestFigure[]
}

/** Sends photos one after the other, and reads from each answer what its stages took. */
export async function benchRequest (machine: Machine, { threads, model }: RequestBenchOptions): Promise<RequestResult> {
  return await inFolder(async (folder) => {
    const networks = { bundled: SETTINGS.model.default, 'full-size': await servedModel(model, folder) }
    const figures: RequestFigure[] = []
    for (const network of ['bundled', 'full-size'] as const) {
      for (const precision of precisionsOf(machine)) {
        const settings = { MODEL: networks[network], PRECISION: precision, MODEL_CACHE_DIR: join(folder, 'cache') }
        const stages = await measureStages({ ...settings, BACKEND: 'cpu', TENSORFLOW_THREADS: String(threads) })
        figures.push({ network, precision, ...summarizeStages(stages) })
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
  return {
    header: ['network', 'precision', 'ms', 'engine run', 'decoding', 'to the engine and back', 'HTTP and the rest', '`GET /livez`'],
    rows: figures.map(({ network, precision, total, run, decoding, crossing, rest, empty }) => [
      network, precision, ...[total, run, decoding, crossing, rest, empty].map((stage) => spread(stage, 2))
    ])
  }
}
