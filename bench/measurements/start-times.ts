import { mkdtemp } from 'node:fs/promises'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { SETTINGS } from '../../src/settings.js'
import { startServer } from '../../verify/harness/server.js'
import { makePhotos } from '../http/photos.js'
import { classifyPhoto } from '../http/classify-photo.js'
import { inFolder, servedModel, weightsOf } from '../network/served.js'
import { spread, summarize, type Summary } from '../report/summary.js'
import type { Table } from '../../verify/table.js'

export interface StartBenchOptions {
  readonly runs: number
  readonly threads: number
  readonly model: string | undefined
}

/** Seconds from the start of the process; a cold start finds no compiled model, a warm one what the cold one left. */
interface StartFigure {
  readonly network: 'bundled' | 'full-size'
  readonly start: 'cold' | 'warm'
  readonly ready: Summary
  readonly firstPhoto: Summary
}

export interface StartResult {
  readonly weights: 'random' | 'real'
  readonly threads: number
  readonly runs: number
  readonly figures: readonly StartFigure[]
}

interface StartSample extends Pick<StartFigure, 'network' | 'start'> {
  readonly readySeconds: number
  readonly firstPhotoSeconds: number
}

/** Starts the real service again and again: until /readyz answers 200, and until the first photo is classified. */
export async function benchStart ({ runs, threads, model }: StartBenchOptions): Promise<StartResult> {
  return await inFolder(async (folder) => {
    const [photo = Buffer.of()] = await makePhotos()
    const networks = { bundled: SETTINGS.model.default, 'full-size': await servedModel(model, folder) }
    const samples: StartSample[] = []
    for (let run = 0; run < runs; run++) {
      for (const network of ['bundled', 'full-size'] as const) {
        const cache = await mkdtemp(join(folder, 'cache-'))
        const env = { MODEL: networks[network], BACKEND: 'cpu', TENSORFLOW_THREADS: String(threads), MODEL_CACHE_DIR: cache }
        for (const start of ['cold', 'warm'] as const) samples.push({ network, start, ...await startOnce(env, photo) })
      }
    }
    return { weights: weightsOf(model), threads, runs, figures: figuresOf(samples) }
  })
}

async function startOnce (env: Record<string, string>, photo: Buffer): Promise<Pick<StartSample, 'readySeconds' | 'firstPhotoSeconds'>> {
  const startedAt = performance.now()
  const server = await startServer(env)
  try {
    const readyAt = performance.now()
    await classifyPhoto(server.url, photo)
    return { readySeconds: (readyAt - startedAt) / 1000, firstPhotoSeconds: (performance.now() - startedAt) / 1000 }
  } finally {
    await server.stop()
  }
}

function figuresOf (samples: readonly StartSample[]): readonly StartFigure[] {
  return (['bundled', 'full-size'] as const).flatMap((network) => (['cold', 'warm'] as const).map((start) => {
    const own = samples.filter((sample) => sample.network === network && sample.start === start)
    const ready = summarize(own.map(({ readySeconds }) => readySeconds))
    return { network, start, ready, firstPhoto: summarize(own.map(({ firstPhotoSeconds }) => firstPhotoSeconds)) }
  }))
}

export function startTable ({ figures }: StartResult): Table {
  return {
    header: ['network', 'start', 's to ready', 's to the first photo'],
    rows: figures.map(({ network, start, ready, firstPhoto }) => [network, start, spread(ready, 2), spread(firstPhoto, 2)])
  }
}
