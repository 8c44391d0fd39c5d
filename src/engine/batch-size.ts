import { readFile, writeFile } from 'node:fs/promises'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { Type } from '../base/typebox.js'
import { judged } from '../base/content.js'
import { OperatorError } from '../base/errors.js'
import { reading } from '../base/existing.js'
import { parse } from '../base/schema.js'
import type { Backend } from './backend.js'
import type { BatchRunner } from './batcher.js'
import { PROBABILITIES_ONLY } from './wanted.js'

/** Sizes that are tried; beyond the last a CPU gains nothing any more. */
const CANDIDATE_BATCH_SIZES = [1, 2, 4, 8, 16]
/** A larger batch has to be worth its latency: the smallest size within this share of the best rate is taken. */
const CLOSE_ENOUGH = 0.97
const ROUNDS = 3
const FILE = 'batch-sizes.json'

const Answers = Type.Record(Type.String(), Type.Integer({ minimum: 1 }))

export interface BatchSizeOptions {
  readonly engine: BatchRunner
  /** Length of one image's bytes. */
  readonly imageBytes: number
  /** Folder of the compiled model, where the answer is kept. */
  readonly folder: string
  readonly threads: number
  readonly backend: Backend
}

/**
 * The batch size that serves best here: measured once for each CPU model, backend and number of threads and workers, then
 * remembered. All workers have run it when the promise resolves.
 */
export async function bestBatchSize ({ engine, imageBytes, folder, threads, backend }: BatchSizeOptions): Promise<number> {
  const key = `${cpus()[0]?.model ?? 'unknown CPU'}, ${backend}, ${threads} threads, ${engine.workers} workers`
  const answers = await readAnswers(folder)
  const known = answers[key]
  if (known !== undefined) {
    await slowestRun(engine, known, imageBytes)
    return known
  }
  const size = smallestGoodSize(await measure(engine, imageBytes))
  await writeFile(join(folder, FILE), JSON.stringify({ ...answers, [key]: size })).catch((error: NodeJS.ErrnoException) => {
    // A folder that takes nothing costs the next start the same measurement, and no more.
    if (error.code === undefined) throw error
  })
  return size
}

/** The smallest batch size whose rate, in images a second, comes close to the best one. */
export function smallestGoodSize (rates: ReadonlyMap<number, number>): number {
  const enough = Math.max(...rates.values()) * CLOSE_ENOUGH
  return Math.min(...[...rates].filter(([, rate]) => rate >= enough).map(([size]) => size))
}

async function measure (engine: BatchRunner, imageBytes: number): Promise<Map<number, number>> {
  const shortest = new Map<number, number>()
  // The sizes take turns, so that a slow moment of the machine does not count against one of them. The first round warms up.
  for (let round = 0; round <= ROUNDS; round++) {
    for (const size of CANDIDATE_BATCH_SIZES) {
      const milliseconds = await slowestRun(engine, size, imageBytes)
      if (round > 0) shortest.set(size, Math.min(milliseconds, shortest.get(size) ?? Infinity))
    }
  }
  return new Map([...shortest].map(([size, milliseconds]) => [size, engine.workers * size / milliseconds * 1000]))
}

/** Runs a batch on every worker at once, as they do under load, and gives the longest time of a run in milliseconds. */
async function slowestRun (engine: BatchRunner, size: number, imageBytes: number): Promise<number> {
  const replies = await Promise.all(Array.from({ length: engine.workers }, async () => {
    return await engine.run(Array.from({ length: size }, () => new Uint8Array(imageBytes)), PROBABILITIES_ONLY)
  }))
  return Math.max(...replies.map(({ inferenceMs }) => inferenceMs))
}

/** Empty where nothing was remembered yet, or what was is damaged. */
async function readAnswers (folder: string): Promise<Record<string, number>> {
  try {
    const text = await reading(folder, () => readFile(join(folder, FILE), 'utf8'))
    return parse(Answers, judged(() => JSON.parse(text) as unknown), FILE)
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error
    return {}
  }
}
