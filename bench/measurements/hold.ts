import { join } from 'node:path'
import { fairnessTable, measureFairness, type FairnessFigure } from '../../verify/hold/fairness.js'
import { jsonBodiesTable, measureJsonBodies, type JsonBodyFigure } from '../../verify/hold/json-bodies.js'
import { measureOverload, overloadTable, type OverloadFigure } from '../../verify/hold/overload.js'
import { measureRefusals, refusalsTable, type RefusalFigure } from '../../verify/hold/refusals.js'
import { measureReloads, reloadsTable, type ReloadFigure } from '../../verify/hold/reloads.js'
import { measureStalled, stalledTable, type StalledFigure } from '../../verify/hold/stalled.js'
import { makePhotos } from '../http/photos.js'
import { startServer, type RunningServer } from '../../verify/harness/server.js'
import { inFolder, servedModel, weightsOf } from '../network/served.js'
import type { Table } from '../../verify/table.js'

export interface HoldBenchOptions {
  /** Seconds at each load. */
  readonly seconds: number
  readonly threads: number
  readonly model: string | undefined
}

/** The promises about time, rate and memory. */
export interface HoldResult {
  readonly weights: 'random' | 'real'
  readonly threads: number
  readonly seconds: number
  readonly overload: readonly OverloadFigure[]
  readonly refusals: RefusalFigure
  readonly stalled: StalledFigure
  readonly jsonBodies: readonly JsonBodyFigure[]
  readonly fairness: FairnessFigure
  readonly reloads: ReloadFigure
}

/**
 * Does to servers what the promises are made against: with the full-size network where its rate matters, else with the bundled
 * one. Linux only.
 */
export async function benchHold ({ seconds, threads, model }: HoldBenchOptions): Promise<HoldResult> {
  return await inFolder(async (folder) => {
    const [photo = Buffer.of()] = await makePhotos()
    const base = { BACKEND: 'cpu', TENSORFLOW_THREADS: String(threads), MODEL_CACHE_DIR: join(folder, 'cache') }
    const fullSize = { ...base, MODEL: await servedModel(model, folder) }
    return {
      weights: weightsOf(model),
      threads,
      seconds,
      overload: await withServer(fullSize, async (server) => await measureOverload(server, { photo, seconds })),
      refusals: await measureRefusals(photo, seconds),
      stalled: await withServer(base, measureStalled),
      jsonBodies: await withServer(base, async ({ url, pid }) => await measureJsonBodies(url, pid)),
      fairness: await withServer({ ...base, TRUST_PROXY: '127.0.0.1' }, async (server) => await measureFairness(server, photo, seconds)),
      reloads: await withServer({ ...fullSize, ADMIN_PORT: '0' }, async (server) => await measureReloads(server, photo))
    }
  })
}

async function withServer<T> (env: Record<string, string>, measure: (server: RunningServer) => Promise<T>): Promise<T> {
  const server = await startServer(env)
  try {
    return await measure(server)
  } finally {
    await server.stop('SIGKILL')
  }
}

type Promised = 'overload' | 'refusals' | 'stalled' | 'json-bodies' | 'fairness' | 'reloads'

/** The figures by the name of their promise. */
export function holdTables (result: HoldResult): Readonly<Record<Promised, Table>> {
  return {
    overload: overloadTable(result.overload),
    refusals: refusalsTable(result.refusals),
    stalled: stalledTable(result.stalled),
    'json-bodies': jsonBodiesTable(result.jsonBodies),
    fairness: fairnessTable(result.fairness),
    reloads: reloadsTable(result.reloads)
  }
}
