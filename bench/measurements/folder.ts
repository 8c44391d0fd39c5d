import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { median } from '../../src/base/statistics.js'
import { spread, summarize, type Summary } from '../report/summary.js'
import { ContestantProcess } from '../engines/process.js'
import { makePhotos } from '../http/photos.js'
import { inFolder, servedModel, weightsOf } from '../network/served.js'
import type { Table } from '../../verify/table.js'

const COMMAND = fileURLToPath(new URL('../../src/cli/index.js', import.meta.url))
const BATCH_SIZES = [1, 2, 4, 8, 16]
/** Runs of the engine in a row at one batch size; the first fills caches that others emptied and is not counted. */
const REPEATS = 4
/** Images that the engine alone computes in a round. */
const ENGINE_IMAGES = 64

export interface FolderBenchOptions {
  readonly rounds: number
  /** Pictures in the folder. */
  readonly pictures: number
  readonly threads: number
  readonly model: string | undefined
}

export interface FolderResult {
  readonly weights: 'random' | 'real'
  readonly rounds: number
  readonly pictures: number
  readonly threads: number
  /** The engine's best. */
  readonly batchSize: number
  /** Images a second of the engine alone, pixels at hand. */
  readonly engine: Summary
  /** Images a second of `xception classify FOLDER --output`, from the first file that is read to the last line that is written. */
  readonly command: Summary
  /** The command's rate divided by the engine's of the same round. */
  readonly toEngine: Summary
}

/**
 * Classifies a folder of JPEG photos of 500x375 with the full-size network in float32, beside the engine alone at its best batch
 * size. They take turns within a round, and the order is reversed every other round. Throws an Error if a picture failed.
 */
export async function benchFolder ({ rounds, pictures, threads, model }: FolderBenchOptions): Promise<FolderResult> {
  return await inFolder(async (folder) => {
    const served = await servedModel(model, folder)
    const photos = join(folder, 'photos')
    await writePhotos(photos, pictures)
    const engine = await ContestantProcess.start({ engine: 'ours', precision: 'float32', threads, model })
    try {
      const batchSize = await bestBatchSize(engine)
      const env = {
        MODEL: served,
        BACKEND: 'cpu',
        TENSORFLOW_THREADS: String(threads),
        MAX_BATCH_SIZE: String(batchSize),
        MODEL_CACHE_DIR: join(folder, 'cache')
      }
      const contestants = {
        engine: async () => await engineRate(engine, batchSize, Math.ceil(ENGINE_IMAGES / batchSize)),
        command: async () => await commandRate(photos, await mkdtemp(join(folder, 'results-')), env)
      }
      const rates = await takeTurns(contestants, rounds)
      const toEngine = summarize(rates.command.map((rate, round) => rate / (rates.engine[round] ?? NaN)))
      const summaries = { engine: summarize(rates.engine), command: summarize(rates.command), toEngine }
      return { weights: weightsOf(model), rounds, pictures, threads, batchSize, ...summaries }
    } finally {
      await engine.stop()
    }
  })
}

async function writePhotos (folder: string, count: number): Promise<void> {
  const photos = await makePhotos()
  await mkdir(folder)
  for (let index = 0; index < count; index++) await writeFile(join(folder, `${index}.jpg`), photos[index % photos.length] ?? '')
}

type Contestants = Record<'engine' | 'command', () => Promise<number>>

async function takeTurns (contestants: Contestants, rounds: number): Promise<Record<keyof Contestants, number[]>> {
  const rates: Record<keyof Contestants, number[]> = { engine: [], command: [] }
  for (let round = 0; round < rounds; round++) {
    const turns = ['engine', 'command'] as const
    for (const name of round % 2 === 0 ? turns : [...turns].reverse()) rates[name].push(await contestants[name]())
  }
  return rates
}

async function bestBatchSize (engine: ContestantProcess): Promise<number> {
  const rates = new Map<number, number>()
  for (const size of BATCH_SIZES) rates.set(size, await engineRate(engine, size, REPEATS))
  const best = Math.max(...rates.values())
  return BATCH_SIZES.find((size) => rates.get(size) === best) ?? NaN
}

/** Images a second, from the median of the runs after the first. */
async function engineRate (engine: ContestantProcess, batchSize: number, runs: number): Promise<number> {
  const { milliseconds } = await engine.run(batchSize, runs + 1)
  return batchSize / median(milliseconds.slice(1)) * 1000
}

async function commandRate (photos: string, results: string, env: Record<string, string>): Promise<number> {
  const args = [COMMAND, 'classify', photos, '--output', join(results, 'results.jsonl')]
  const { stderr } = await promisify(execFile)(process.execPath, args, { env: { ...process.env, ...env } })
  const rate = /^\d+ pictures in [\d.]+ s, ([\d.]+) a second; 0 failed\.$/m.exec(stderr)?.[1]
  if (rate === undefined) throw new Error(`the command says nothing of its rate: ${stderr}`)
  return Number(rate)
}

export function folderTable ({ batchSize, engine, command, toEngine }: FolderResult): Table {
  return {
    header: ['MAX_BATCH_SIZE', 'engine alone, images/s', 'command, images/s', 'command / engine'],
    rows: [[String(batchSize), spread(engine, 1), spread(command, 1), spread(toEngine, 3)]]
  }
}
