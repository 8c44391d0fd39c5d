import { join } from 'node:path'
import { BATCHES_HELD } from '../../src/engine/batcher.js'
import { startServer, type RunningServer } from '../../verify/harness/server.js'
import { measureLoad } from '../http/load.js'
import { makePhotos } from '../http/photos.js'
import { inFolder, servedModel, weightsOf } from '../network/served.js'
import { spread, summarize, type Summary } from '../report/summary.js'
import type { Table } from '../../verify/table.js'

const CONNECTIONS = 16

export interface WorkersBenchOptions {
  readonly rounds: number
  readonly seconds: number
  readonly threads: number
  readonly model: string | undefined
}

interface Setting {
  readonly workers: number
  readonly threads: number
  readonly batchSize: number
}

interface WorkersFigure extends Setting {
  /** Rate divided by that of one worker in the same round. */
  readonly toOneWorker: Summary
  readonly imagesPerSecond: Summary
}

export interface WorkersResult {
  readonly weights: 'random' | 'real'
  readonly rounds: number
  readonly seconds: number
  readonly figures: readonly WorkersFigure[]
}

/**
 * The full-size network in one engine worker and in two, which share out the threads. Batches are as large as the connections can
 * keep two waiting for each worker.
 */
export async function benchWorkers ({ rounds, seconds, threads, model }: WorkersBenchOptions): Promise<WorkersResult> {
  const settings = [1, 2].map((workers): Setting => ({ workers, threads, batchSize: CONNECTIONS / BATCHES_HELD / workers }))
  return await inFolder(async (folder) => {
    const servers: RunningServer[] = []
    try {
      const served = await servedModel(model, folder)
      for (const setting of settings) servers.push(await start(setting, served, folder))
      const rates = await measureRounds(servers, rounds, seconds)
      const [single = []] = rates
      const figures = settings.map((setting, index) => {
        const own = rates[index] ?? []
        const toOneWorker = summarize(own.map((rate, round) => rate / (single[round] ?? NaN)))
        return { ...setting, toOneWorker, imagesPerSecond: summarize(own) }
      })
      return { weights: weightsOf(model), rounds, seconds, figures }
    } finally {
      await Promise.all(servers.map((server) => server.stop()))
    }
  })
}

async function start ({ workers, threads, batchSize }: Setting, model: string, folder: string): Promise<RunningServer> {
  return await startServer({
    MODEL: model,
    BACKEND: 'cpu',
    ENGINE_WORKERS: String(workers),
    TENSORFLOW_THREADS: String(threads),
    MAX_BATCH_SIZE: String(batchSize),
    MODEL_CACHE_DIR: join(folder, 'cache')
  })
}

/** Images a second, by server and round. */
async function measureRounds (
  servers: readonly RunningServer[], rounds: number, seconds: number
): Promise<ReadonlyArray<readonly number[]>> {
  const photos = await makePhotos()
  const rates = servers.map((): number[] => [])
  for (let round = 0; round < rounds; round++) {
    const turns = [...servers.entries()]
    for (const [index, { url }] of round % 2 === 0 ? turns : turns.reverse()) {
      const { imagesPerSecond } = await measureLoad({ url, photos, connections: CONNECTIONS, seconds })
      rates[index]?.push(imagesPerSecond)
    }
  }
  return rates
}

export function workersTable ({ figures }: WorkersResult): Table {
  return {
    header: ['ENGINE_WORKERS', 'TENSORFLOW_THREADS', 'MAX_BATCH_SIZE', 'rate / one worker', 'images/s'],
    rows: figures.map(({ workers, threads, batchSize, toOneWorker, imagesPerSecond }) => [
      String(workers), String(threads), String(batchSize), spread(toOneWorker, 2), imagesPerSecond.median.toFixed(1)
    ])
  }
}
