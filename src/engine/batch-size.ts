import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { Type } from 'typebox'
import { parse } from '../base/schema.js'
import type { BatchRunner } from './batcher.js'

/** Sizes that are tried; beyond the last a CPU gains nothing any more. */
const CANDIDATE_BATCH_SIZES = [1, 2, 4, 8, 16]
/** A larger batch has to be worth its latency: the smallest size within this share of the best rate is taken. */
const CLOSE_ENOUGH = 0.97
const ROUNDS = 3
const FILE = 'batch-sizes.json'

const Answers = Type.Record(Type.String(), Type.Integer({ minimum: 1 }))

export interface BatchSizeOptions {
  readonly engine: BatchRunner
  /** Length of one image's RGB bytes. */
  readonly imageBytes: number
  /** Folder of the compiled model, where the answer is kept. */
  readonly folder: string
  readonly threads: number
}

/** The batch size that serves best here: measured once for each CPU model and number of threads, then remembered. */
export async function bestBatchSize ({ engine, imageBytes, folder, threads }: BatchSizeOptions): Promise<number> {
  const key = `${cpus()[0]?.model ?? 'unknown CPU'}, ${threads} threads, ${engine.workers} workers`
  const answers = await readAnswers(folder)
  const known = answers[key]
  if (known !== undefined) return known
  const size = smallestGoodSize(await measure(engine, imageBytes))
  // Kept for the next start; where the folder cannot be written it is measured again.
  await mkdir(folder, { recursive: true }).then(() => writeFile(join(folder, FILE), JSON.stringify({ ...answers, [key]: size }))).catch(() => {})
  return size
}

/** Of rates in images a second by batch size, the smallest size that comes close to the best rate. */
export function smallestGoodSize (rates: ReadonlyMap<number, number>): number {
  const enough = Math.max(...rates.values()) * CLOSE_ENOUGH
  return Math.min(...[...rates].filter(([, rate]) => rate >= enough).map(([size]) => size))
}

async function measure (engine: BatchRunner, imageBytes: number): Promise<Map<number, number>> {
  const shortest = new Map<number, number>()
  // The sizes take turns, so that a slow moment of the machine does not count against one of them. The first round warms up.
  for (let round = 0; round <= ROUNDS; round++) {
    for (const size of CANDIDATE_BATCH_SIZES) {
      const { inferenceMs } = await engine.run(Array.from({ length: size }, () => new Uint8Array(imageBytes)))
      if (round > 0) shortest.set(size, Math.min(inferenceMs, shortest.get(size) ?? Infinity))
    }
  }
  return new Map([...shortest].map(([size, ms]) => [size, size / ms * 1000]))
}

async function readAnswers (folder: string): Promise<Record<string, number>> {
  try {
    return parse(Answers, JSON.parse(await readFile(join(folder, FILE), 'utf8')), FILE)
  } catch {
    return {}
  }
}
