import { median } from '../../src/base/statistics.js'
import type { TimedEngine } from './engine.js'

/** Runs of each size of batch before the first turn: where it is new to an engine, it makes buffers and plans, some over several runs. */
const WARM_UP_RUNS = 4
/** Runs at the start of a turn that are not counted: they fill caches that the engine before emptied. */
const UNCOUNTED_RUNS = 2
/** Images of a turn that are counted, at least; fewer runs of a small batch would say more of the moment than of the engine. */
const TURN_IMAGES = 12
/** Runs of a turn that are counted, at least. */
const TURN_RUNS = 3

/** Makes the engines ready for turns of these sizes of batch. */
export async function warmUp (engines: Iterable<TimedEngine>, batchSizes: readonly number[]): Promise<void> {
  for (const engine of engines) {
    for (const batchSize of batchSizes) await engine.run(batchSize, WARM_UP_RUNS)
  }
}

/** One engine's turn within a round. Resolves with milliseconds an image, the median over runs. */
export async function timeTurn (engine: TimedEngine, batchSize: number): Promise<number> {
  const counted = Math.max(TURN_RUNS, Math.ceil(TURN_IMAGES / batchSize))
  const { milliseconds } = await engine.run(batchSize, UNCOUNTED_RUNS + counted)
  return median(milliseconds.slice(UNCOUNTED_RUNS)) / batchSize
}
