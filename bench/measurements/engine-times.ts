import type { Precision } from '../../src/compiler/index.js'
import { totalCounts } from '../../src/model/counts.js'
import { agreementOf, assertAgreement, type Agreement } from '../engines/agreement.js'
import { barChart } from '../report/chart.js'
import { contestantsHere, exportFor, REFERENCE, startContestants, STOCK } from '../engines/contestants.js'
import { nameOf, type Contestant, type NodeContestant, type TimedEngine } from '../engines/engine.js'
import { MATRIX_PRODUCTS_OPERATIONS } from '../engines/matrix-products.js'
import { ContestantProcess } from '../engines/process.js'
import { timeTurn, warmUp } from '../engines/turn.js'
import { precisionsOf, type Machine } from '../report/machine.js'
import { loadModel } from '../network/model.js'
import { inFolder, weightsOf } from '../network/served.js'
import { spread, summarize, type Summary } from '../report/summary.js'
import type { Table } from '../../verify/table.js'

const BATCH_SIZES = [1, 4, 8, 16]
/** The batch on which the engines have to agree before they are timed. */
const AGREEMENT_BATCH = 4

export interface EngineBenchOptions {
  readonly rounds: number
  readonly threads: number
  readonly model: string | undefined
}

/** One engine at one batch size. Times are milliseconds an image. */
export type EngineFigure = Contestant & {
  readonly batchSize: number
  readonly milliseconds: Summary
  /** Its time divided by onnxruntime-node's of the same round. */
  readonly toOnnxRuntime: Summary
  /** tfjs-node's time of the same round divided by its own. */
  readonly speedUpOverStock: Summary
  /** Operations a second as a share of what TensorFlow reaches in the same round and precision with matrix products alone; not of int8. */
  readonly shareOfPeak?: Summary
}

export interface EngineResult {
  readonly weights: 'random' | 'real'
  readonly threads: number
  readonly rounds: number
  readonly versions: Readonly<Record<string, string>>
  /** Who could not be measured here, and why. */
  readonly leftOut: readonly string[]
  /** Largest difference to onnxruntime-node's output; see agreement.ts. Not of int8, whose probabilities are steps of 1/256. */
  readonly agreement: Readonly<Record<string, Agreement>>
  /** Matrix products alone, in 10^9 operations a second, by precision. */
  readonly peak: Readonly<Record<string, Summary>>
  readonly figures: readonly EngineFigure[]
}

/**
 * Times the engines on the same network and images. Each has its own process; they take turns within a round, and the
 * order is reversed every other round, so that what else the machine does hits all of them. Ratios are taken within a round.
 * Throws an Error if the float32 engines do not give the same output.
 */
export async function benchEngines (machine: Machine, { rounds, threads, model }: EngineBenchOptions): Promise<EngineResult> {
  const { contestants, leftOut } = contestantsHere(precisionsOf(machine))
  const peaks = precisionsOf(machine).map(peakOf)
  const engines = new Map<string, TimedEngine>()
  return await inFolder(async (folder) => {
    try {
      const exported = await exportFor(contestants, model, { folder, images: Math.max(...BATCH_SIZES) })
      await startContestants(engines, contestants, { threads, model, exported })
      const agreement = await compareOutputs(engines, contestants, weightsOf(model))
      for (const one of peaks) engines.set(nameOf(one), await ContestantProcess.start({ ...one, threads, model }))
      await warmUp(engines.values(), BATCH_SIZES)
      const times = await timeRounds(engines, rounds)
      const { network } = await loadModel(model)
      const operations = 2 * totalCounts(network.layers).multiplyAdds
      return {
        weights: weightsOf(model),
        threads,
        rounds,
        versions: Object.fromEntries([...engines].map(([name, engine]) => [name, engine.version])),
        leftOut,
        agreement,
        peak: Object.fromEntries(peaks.map((one) => [one.precision, summarize(peakRates(one, times))])),
        figures: BATCH_SIZES.flatMap((batchSize) => contestants.map((one) => figureOf(one, batchSize, times, operations)))
      }
    } finally {
      await Promise.all([...engines.values()].map((engine) => engine.stop()))
    }
  })
}

function peakOf (precision: Precision): NodeContestant {
  return { engine: 'matrix-products', precision }
}

async function compareOutputs (
  engines: ReadonlyMap<string, TimedEngine>, contestants: readonly Contestant[], weights: 'random' | 'real'
): Promise<EngineResult['agreement']> {
  const output = async (one: Contestant): Promise<Float32Array> => {
    return (await (engines.get(nameOf(one)) as TimedEngine).run(AGREEMENT_BATCH, 1)).probabilities
  }
  const reference = await output(REFERENCE)
  const agreement: Record<string, Agreement> = {}
  for (const one of contestants.filter(({ precision }) => precision !== 'int8')) {
    const found = agreementOf(await output(one), reference, AGREEMENT_BATCH)
    if (one.precision === 'float32') assertAgreement(nameOf(one), found, weights)
    agreement[nameOf(one)] = found
  }
  return agreement
}

/** Milliseconds an image, one median a round, by engine and batch size. */
type Times = ReadonlyMap<string, readonly number[]>

async function timeRounds (engines: ReadonlyMap<string, TimedEngine>, rounds: number): Promise<Times> {
  const times = new Map<string, number[]>()
  for (let round = 0; round < rounds; round++) {
    for (const batchSize of BATCH_SIZES) {
      const turns = round % 2 === 0 ? [...engines] : [...engines].reverse()
      for (const [name, engine] of turns) {
        // Matrix products are the same work whatever the batch.
        const images = name.startsWith('matrix-products') ? 1 : batchSize
        const key = `${name} ${batchSize}`
        times.set(key, [...times.get(key) ?? [], await timeTurn(engine, images)])
      }
    }
  }
  return times
}

function timesOf (one: Contestant, batchSize: number, times: Times): readonly number[] {
  return times.get(`${nameOf(one)} ${batchSize}`) ?? []
}

/** 10^9 operations a second, one number a round. */
function rates (one: Contestant, batchSize: number, times: Times, operations: number): readonly number[] {
  return timesOf(one, batchSize, times).map((milliseconds) => operations / milliseconds / 1e6)
}

function peakRates (peak: Contestant, times: Times): readonly number[] {
  return BATCH_SIZES.flatMap((batchSize) => rates(peak, batchSize, times, MATRIX_PRODUCTS_OPERATIONS))
}

/** `operations` are those of one image. */
function figureOf (one: Contestant, batchSize: number, times: Times, operations: number): EngineFigure {
  const own = timesOf(one, batchSize, times)
  const reference = timesOf(REFERENCE, batchSize, times)
  const stock = timesOf(STOCK, batchSize, times)
  const peak = one.precision === 'int8' ? undefined : rates(peakOf(one.precision), batchSize, times, MATRIX_PRODUCTS_OPERATIONS)
  const ownRates = rates(one, batchSize, times, operations)
  return {
    ...one,
    batchSize,
    milliseconds: summarize(own),
    toOnnxRuntime: summarize(own.map((time, round) => time / (reference[round] ?? NaN))),
    speedUpOverStock: summarize(own.map((time, round) => (stock[round] ?? NaN) / time)),
    ...(peak === undefined ? {} : { shareOfPeak: summarize(ownRates.map((rate, round) => rate / (peak[round] ?? NaN))) })
  }
}

/** What was measured, in words. */
export function howEngine ({ rounds, threads, peak, versions, leftOut }: EngineResult): string {
  const peaks = Object.entries(peak).map(([precision, { median }]) => `${median.toFixed(0)} GFLOP/s in ${precision}`)
  return [
    `medians and quartiles of ${rounds} rounds, ${threads} threads`,
    `matrix products alone reach ${peaks.join(' and ')}`,
    ...new Set(Object.values(versions)),
    ...leftOut
  ].join('; ')
}

/** The figures as one table, ratios first. */
export function engineTable ({ figures }: EngineResult): Table {
  return {
    header: ['engine', 'batch', 'time / ONNX Runtime', 'times stock tfjs-node', '% of peak', 'ms an image'],
    rows: figures.map((figure) => [
      nameOf(figure), String(figure.batchSize), spread(figure.toOnnxRuntime, 2), spread(figure.speedUpOverStock, 1),
      figure.shareOfPeak === undefined ? '' : (figure.shareOfPeak.median * 100).toFixed(0), spread(figure.milliseconds, 1)
    ])
  }
}

/** How many images each engine classifies in the time in which onnxruntime-node classifies one, as an SVG document. */
export function engineChart ({ figures }: EngineResult): string {
  return barChart('Images a second, ONNX Runtime float32 = 1', BATCH_SIZES.map((batchSize) => ({
    title: `Batch of ${batchSize}`,
    bars: figures.filter((figure) => figure.batchSize === batchSize).map((figure) => {
      const value = 1 / figure.toOnnxRuntime.median
      return { label: nameOf(figure), value, text: value.toFixed(2), own: figure.engine === 'ours' }
    })
  })))
}
