import { join } from 'node:path'
import type { Precision } from '../../src/compiler/index.js'
import { SETTINGS } from '../../src/settings.js'
import { startServer } from '../../verify/harness/server.js'
import { makePhotos } from '../http/photos.js'
import { classifyPhoto } from '../http/classify-photo.js'
import { memoryOf, type Memory } from '../../verify/harness/process-memory.js'
import { inFolder, servedModel, weightsOf } from '../network/served.js'
import { precisionsOf, type Machine } from '../report/machine.js'
import type { Table } from '../../verify/table.js'

const BATCH_SIZES = [1, 8]
/** Requests in flight while the images are sent. */
const CONNECTIONS = 16
/** When the resident set is read, as shares of the images. */
const POINTS = [0, 0.1, 0.25, 0.5, 1]

export interface MemoryBenchOptions {
  readonly images: number
  readonly threads: number
  readonly model: string | undefined
}

/** The full-size network when it is ready and has classified one photo. */
interface LoadedFigure extends Memory {
  readonly precision: Precision
  readonly maxBatchSize: number
  readonly start: 'cold' | 'warm'
}

/** The bundled network after so many images. */
interface GrowthFigure extends Memory {
  readonly images: number
}

export interface MemoryResult {
  readonly weights: 'random' | 'real'
  readonly threads: number
  readonly loaded: readonly LoadedFigure[]
  readonly growth: readonly GrowthFigure[]
}

/** Reads the resident set of the service's processes: after loading, and while many images pass. Linux only. */
export async function benchMemory (machine: Machine, { images, threads, model }: MemoryBenchOptions): Promise<MemoryResult> {
  return await inFolder(async (folder) => {
    const photos = await makePhotos()
    const env = { BACKEND: 'cpu', TENSORFLOW_THREADS: String(threads) }
    const fullSize = { ...env, MODEL: await servedModel(model, folder) }
    const loaded: LoadedFigure[] = []
    for (const precision of precisionsOf(machine)) {
      for (const maxBatchSize of BATCH_SIZES) {
        const settings = { ...fullSize, PRECISION: precision, MAX_BATCH_SIZE: String(maxBatchSize) }
        const cached = { ...settings, MODEL_CACHE_DIR: join(folder, `cache-${precision}-${maxBatchSize}`) }
        for (const start of ['cold', 'warm'] as const) {
          loaded.push({ precision, maxBatchSize, start, ...await memoryAfterLoad(cached, photos) })
        }
      }
    }
    const bundled = { ...env, MODEL: SETTINGS.model.default, MODEL_CACHE_DIR: join(folder, 'cache-bundled') }
    const growth = await measureGrowth(bundled, photos, images)
    return { weights: weightsOf(model), threads, loaded, growth }
  })
}

async function memoryAfterLoad (env: Record<string, string>, photos: readonly Buffer[]): Promise<Memory> {
  const server = await startServer(env)
  try {
    await sendPhotos(server.url, photos, 1)
    return await memoryOf(server.pid)
  } finally {
    await server.stop()
  }
}

async function measureGrowth (env: Record<string, string>, photos: readonly Buffer[], images: number): Promise<readonly GrowthFigure[]> {
  const server = await startServer(env)
  try {
    const figures: GrowthFigure[] = []
    let sent = 0
    for (const point of POINTS) {
      const target = Math.round(images * point)
      await sendPhotos(server.url, photos, target - sent)
      sent = target
      figures.push({ images: sent, ...await memoryOf(server.pid) })
    }
    return figures
  } finally {
    await server.stop()
  }
}

async function sendPhotos (url: string, photos: readonly Buffer[], count: number): Promise<void> {
  let started = 0
  await Promise.all(Array.from({ length: CONNECTIONS }, async () => {
    while (started < count) await classifyPhoto(url, photos[started++ % photos.length] ?? Buffer.of())
  }))
}

export function loadedTable ({ loaded }: MemoryResult): Table {
  return {
    header: ['precision', 'MAX_BATCH_SIZE', 'start', 'resident MB', 'peak MB'],
    rows: loaded.map(({ precision, maxBatchSize, start, ...memory }) => [precision, String(maxBatchSize), start, ...cells(memory)])
  }
}

export function growthTable ({ growth }: MemoryResult): Table {
  return {
    header: ['images', 'resident MB', 'peak MB'],
    rows: growth.map(({ images, ...memory }) => [String(images), ...cells(memory)])
  }
}

function cells ({ resident, peak }: Memory): readonly string[] {
  return [resident.toFixed(0), peak.toFixed(0)]
}
