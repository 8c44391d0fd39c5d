import { performance } from 'node:perf_hooks'
import { median } from '../../src/base/statistics.js'
import { spread, summarize, type Summary } from '../report/summary.js'
import { compile, type Precision } from '../../src/compiler/index.js'
import { targetByTable } from '../../src/engine/target.js'
import type { SupervisedWorker } from '../../src/engine/supervised-worker.js'
import { numberedLabels, topK, type Label } from '../../src/model/labels.js'
import { classCount } from '../../src/model/network.js'
import { classMap } from '../../src/service/explanation.js'
import { startGraph } from '../engines/saved-model.js'
import { loadModel, testImages, type BenchModel } from '../network/model.js'
import { weightsOf } from '../network/served.js'
import { precisionsOf, type Machine } from '../report/machine.js'
import type { Table } from '../../verify/table.js'

const BATCH_SIZES = [1, 8]
/** Predictions an image, each with its map: what the service gives where nobody says how many. */
const K = 5
/** Pairs of runs in a round; the first one fills caches and is not counted. */
const PAIRS = 5

export interface ExplainBenchOptions {
  readonly rounds: number
  readonly threads: number
  readonly model: string | undefined
}

/** Times of one batch, with explanations and without. */
export interface ExplainFigure {
  readonly precision: Precision
  readonly batchSize: number
  /** An engine run without maps. */
  readonly runMs: Summary
  /** What maps add to the run, in percent of it, in the same round. */
  readonly enginePercent: Summary
  /** What they add to the run and to the making of the JSON reply together, in percent of the run. */
  readonly replyPercent: Summary
}

export interface ExplainResult {
  readonly weights: 'random' | 'real'
  readonly threads: number
  readonly rounds: number
  readonly figures: readonly ExplainFigure[]
}

/** Milliseconds. */
interface Taken { readonly run: number, readonly reply: number }

/** What `explain=true` costs: runs with maps and without take turns, each followed by what makes the JSON of its results. */
export async function benchExplain (machine: Machine, { rounds, threads, model }: ExplainBenchOptions): Promise<ExplainResult> {
  const network = await loadModel(model)
  const figures: ExplainFigure[] = []
  for (const precision of precisionsOf(machine)) {
    figures.push(...await measurePrecision(network, precision, { rounds, threads }))
  }
  return { weights: weightsOf(model), threads, rounds, figures }
}

async function measurePrecision (
  model: BenchModel, precision: Precision, { rounds, threads }: Pick<ExplainBenchOptions, 'rounds' | 'threads'>
): Promise<ExplainFigure[]> {
  const { side, channels } = model.network.input
  const compiled = compile({ ...model, ...targetByTable(precision, 'cpu') })
  const { engine } = await startGraph(compiled, side ** 2 * channels, threads)
  try {
    const labels = numberedLabels(classCount(model.network))
    const figures: ExplainFigure[] = []
    for (const batchSize of BATCH_SIZES) {
      const medians = []
      for (let round = 0; round < rounds; round++) medians.push(await timeRound(engine, labels, testImages(batchSize, side)))
      figures.push(figureOf(precision, batchSize, medians))
    }
    return figures
  } finally {
    await engine.close()
  }
}

interface Round { readonly plain: Taken, readonly explained: Taken }

async function timeRound (engine: SupervisedWorker, labels: readonly Label[], images: ReturnType<typeof testImages>): Promise<Round> {
  const plain: Taken[] = []
  const explained: Taken[] = []
  for (let pair = 0; pair < PAIRS; pair++) {
    const turns = [() => timeRun(engine, labels, images, false), () => timeRun(engine, labels, images, true)]
    const isReversed = pair % 2 === 1
    for (const turn of isReversed ? turns.reverse() : turns) {
      const { taken, isExplained } = await turn()
      if (pair > 0) (isExplained ? explained : plain).push(taken)
    }
  }
  return { plain: medianOf(plain), explained: medianOf(explained) }
}

async function timeRun (
  engine: SupervisedWorker, labels: readonly Label[], images: ReturnType<typeof testImages>, isExplained: boolean
): Promise<{ readonly taken: Taken, readonly isExplained: boolean }> {
  // Their memory is handed over to the worker.
  const copies = images.map((image) => image.slice())
  const startedAt = performance.now()
  const { probabilities, outputs: { top_maps: maps } } = await engine.run(copies, isExplained ? { topMaps: K } : {})
  const ranAt = performance.now()
  const results = images.map((_, index) => {
    const predictions = topK(rowOf(probabilities, index, images.length), labels, K)
    if (maps === undefined) return predictions
    const own = { shape: maps.shape, values: rowOf(maps.values, index, images.length) }
    return predictions.map((one, rank) => ({ ...one, explanation: classMap(own, rank) }))
  })
  JSON.stringify(results)
  return { taken: { run: ranAt - startedAt, reply: performance.now() - ranAt }, isExplained }
}

function rowOf (values: Float32Array<ArrayBuffer>, index: number, rows: number): Float32Array<ArrayBuffer> {
  const length = values.length / rows
  return values.subarray(index * length, (index + 1) * length)
}

function medianOf (taken: readonly Taken[]): Taken {
  return { run: median(taken.map(({ run }) => run)), reply: median(taken.map(({ reply }) => reply)) }
}

function figureOf (precision: Precision, batchSize: number, rounds: readonly Round[]): ExplainFigure {
  const percent = (more: (round: Round) => number): Summary => summarize(rounds.map((round) => 100 * more(round) / round.plain.run))
  return {
    precision,
    batchSize,
    runMs: summarize(rounds.map(({ plain }) => plain.run)),
    enginePercent: percent(({ plain, explained }) => explained.run - plain.run),
    replyPercent: percent(({ plain, explained }) => explained.run + explained.reply - plain.run - plain.reply)
  }
}

export function explainTable ({ figures }: ExplainResult): Table {
  return {
    header: ['precision', 'batch', 'maps in the run, %', 'with the JSON reply, %', 'run without, ms'],
    rows: figures.map((figure) => [
      figure.precision, String(figure.batchSize), spread(figure.enginePercent, 1), spread(figure.replyPercent, 1), spread(figure.runMs, 1)
    ])
  }
}
