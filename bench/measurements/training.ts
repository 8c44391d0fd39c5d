import { median } from '../../src/base/statistics.js'
import { spread, summarize, type Summary } from '../report/summary.js'
import type { Precision } from '../../src/compiler/index.js'
import { totalCounts } from '../../src/model/counts.js'
import { parsePreset, presetNetwork } from '../../src/model/presets/index.js'
import { whyNoModules } from '../python/packages.js'
import { precisionsOf, type Machine } from '../report/machine.js'
import type { Table } from '../../verify/table.js'
import type { Contestant, TrainingTask } from '../training/contestant.js'
import { startOurs } from '../training/ours.js'
import { startPyTorch } from '../training/pytorch.js'
import { startStock } from '../training/stock.js'

/** A small Xception for small pictures, of some 0.45 million parameters. */
const PRESET = 'xception?width=0.14&size=32&stem=1&classes=10'
const BATCH = 128
/** Steps of a round; the first round fills caches and is not counted. */
const STEPS = 3

export interface TrainingFigure {
  readonly contestant: string
  readonly precision: Precision
  readonly imagesPerSecond: Summary
  /** Beside stock tfjs-node in the same round. */
  readonly toStock: Summary
}

export interface TrainingResult {
  readonly preset: string
  readonly parameters: number
  readonly batch: number
  readonly threads: number
  readonly rounds: number
  readonly versions: readonly string[]
  /** Who could not be measured here, and why. */
  readonly leftOut: readonly string[]
  readonly figures: readonly TrainingFigure[]
}

/** Training steps of the same network on the same batch; all take turns in each round. */
export async function benchTraining (machine: Machine, { rounds, threads }: { rounds: number, threads: number }): Promise<TrainingResult> {
  const network = presetNetwork(parsePreset(PRESET), { scale: 1 / 127.5, offset: -1 })
  const task: TrainingTask = { network, batch: BATCH, threads }
  const noPyTorch = whyNoModules(['torch'])
  const contestants = await startAll(task, precisionsOf(machine), noPyTorch === undefined)
  try {
    const rates: number[][] = []
    for (let round = 0; round <= rounds; round++) {
      const rate = await rateAll(contestants, round === 0 ? 1 : STEPS)
      if (round > 0) rates.push(rate)
    }
    return {
      preset: PRESET,
      parameters: totalCounts(network.layers).parameters,
      batch: BATCH,
      threads,
      rounds,
      versions: [...new Set(contestants.map(({ version }) => version))],
      leftOut: noPyTorch === undefined ? [] : [`PyTorch: ${noPyTorch}`],
      figures: contestants.map(({ name, precision }, index) => {
        const own = rates.map((round) => round[index] ?? NaN)
        const toStock = rates.map((round) => (round[index] ?? NaN) / (round[0] ?? NaN))
        return { contestant: name, precision, imagesPerSecond: summarize(own), toStock: summarize(toStock) }
      })
    }
  } finally {
    for (const contestant of contestants) await contestant.close()
  }
}

/** Stock tfjs-node is the first. */
async function startAll (task: TrainingTask, precisions: readonly Precision[], withPyTorch: boolean): Promise<Contestant[]> {
  const started = [await startStock(task)]
  for (const precision of precisions) {
    started.push(await startOurs(task, precision))
    if (withPyTorch) started.push(await startPyTorch(task, precision))
  }
  return started
}

/** Images a second of each. */
async function rateAll (contestants: readonly Contestant[], steps: number): Promise<number[]> {
  const rates: number[] = []
  for (const { step } of contestants) rates.push(BATCH * 1000 / median(await step(steps)))
  return rates
}

/** What was measured, in words. */
export function howTraining ({ preset, parameters, batch, rounds, threads, versions, leftOut }: TrainingResult): string {
  const network = `${preset} (${parameters.toLocaleString('en')} parameters), batch ${batch}`
  return `medians and quartiles of ${rounds} rounds, ${threads} threads, ${network}; ${[...versions, ...leftOut].join('; ')}`
}

export function trainingTable ({ figures }: TrainingResult): Table {
  return {
    header: ['', 'precision', 'images/s', 'beside stock tfjs-node'],
    rows: figures.map(({ contestant, precision, imagesPerSecond, toStock }) => (
      [contestant, precision, spread(imagesPerSecond, 0), spread(toStock, 1)]
    ))
  }
}
