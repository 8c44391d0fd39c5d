import { totalCounts } from '../../src/model/counts.js'
import { agreementOf, assertAgreement } from '../engines/agreement.js'
import { barChart } from '../report/chart.js'
import type { EngineOptions } from '../engines/engine.js'
import { MATRIX_PRODUCTS_OPERATIONS } from '../engines/matrix-products.js'
import { EngineProcess } from '../engines/process.js'
import type { Machine } from '../report/machine.js'
import { loadModel } from '../network/model.js'
import { median, spread, summarize, type Summary } from '../../src/base/statistics.js'
import type { Table } from '../report/table.js'

const BATCH_SIZES = [1, 4, 8, 16]
/** The batch on which the engines have to agree before they are timed. */
const AGREEMENT_BATCH = 4
/** Runs of one engine before the next one's turn; the first fills caches that the one before emptied and is not counted. */
const REPEATS = 4
/** The stock engine takes so long that one run is enough, and its time so steady. */
const STOCK_REPEATS = 2

type Contestant = Pick<EngineOptions, 'engine' | 'precision'>

export interface EngineBenchOptions {
  readonly rounds: number
  readonly threads: number
  readonly model: string | undefined
}

/** One engine at one batch size. Times are milliseconds an image. */
export interface EngineFigure extends Contestant {
  readonly batchSize: number
  readonly milliseconds: Summary
  /** Its time divided by onnxruntime-node's of the same round. */
  readonly toOnnxRuntime: Summary
  /** tfjs-node's time of the same round divided by its own. */
  readonly speedUpOverStock: Summary
  /** Operations a second as a share of what TensorFlow reaches in the same round and precision with matrix products alone. */
  readonly shareOfPeak: Summary
}

export interface EngineResult {
  readonly weights: 'random' | 'real'
  readonly threads: number
  readonly rounds: number
  readonly versions: Readonly<Record<string, string>>
  /** Largest difference to onnxruntime-node's output; see agreement.ts. */
  readonly agreement: Readonly<Record<string, { readonly logits: number, readonly probabilities: number }>>
  /** Matrix products alone, in 10^9 operations a second, by precision. */
  readonly peak: Readonly<Record<string, Summary>>
  readonly figures: readonly EngineFigure[]
}

const REFERENCE: Contestant = { engine: 'onnxruntime-node', precision: 'float32' }
const STOCK: Contestant = { engine: 'tfjs-node', precision: 'float32' }

/**
 * Times the engines on the same network and images. Each has its own process; they take turns within a round, and the
 * order is reversed every other round, so that what else the machine does hits all of them. Ratios are taken within a round.
 * Throws an Error if the float32 engines do not give the same output.
 */
export async function benchEngines (machine: Machine, { rounds, threads, model }: EngineBenchOptions): Promise<EngineResult> {
  const contestants: Contestant[] = [{ engine: 'ours', precision: 'float32' }, REFERENCE, STOCK]
  if (machine.nativeBfloat16) contestants.splice(1, 0, { engine: 'ours', precision: 'bfloat16' })
  const engines = new Map<string, EngineProcess>()
  try {
    for (const one of contestants) engines.set(nameOf(one), await EngineProcess.start({ ...one, threads, model }))
    const agreement = await compareOutputs(engines, model === undefined ? 'random' : 'real')
    const peaks = contestants.filter(({ engine }) => engine === 'ours').map(peakOf)
    for (const one of peaks) engines.set(nameOf(one), await EngineProcess.start({ ...one, threads, model }))
    const times = await timeRounds(engines, rounds)
    const { network } = await loadModel(model)
    const operations = 2 * totalCounts(network.layers).multiplyAdds
    return {
      weights: model === undefined ? 'random' : 'real',
      threads,
      rounds,
      versions: Object.fromEntries([...engines].map(([name, engine]) => [name, engine.version])),
      agreement,
      peak: Object.fromEntries(peaks.map((one) => [one.precision, summarize(peakRates(one, times))])),
      figures: BATCH_SIZES.flatMap((batchSize) => contestants.map((one) => figureOf(one, batchSize, times, operations)))
    }
  } finally {
    await Promise.all([...engines.values()].map((engine) => engine.stop()))
  }
}

function nameOf ({ engine, precision }: Contestant): string {
  return `${engine} ${precision}`
}

function peakOf ({ precision }: Contestant): Contestant {
  return { engine: 'matrix-products', precision }
}

async function compareOutputs (
  engines: ReadonlyMap<string, EngineProcess>, weights: 'random' | 'real'
): Promise<EngineResult['agreement']> {
  const outputs = new Map<string, Float32Array>()
  for (const [name, engine] of engines) outputs.set(name, (await engine.run(AGREEMENT_BATCH, 1)).probabilities)
  const reference = outputs.get(nameOf(REFERENCE)) as Float32Array
  const agreement = Object.fromEntries([...outputs].map(([name, output]) => [name, agreementOf(output, reference, AGREEMENT_BATCH)]))
  for (const [name, difference] of Object.entries(agreement)) {
    if (name.endsWith('float32')) assertAgreement(name, difference, weights)
  }
  return agreement
}

/** Milliseconds an image, one median a round, by engine and batch size. */
type Times = ReadonlyMap<string, readonly number[]>

async function timeRounds (engines: ReadonlyMap<string, EngineProcess>, rounds: number): Promise<Times> {
  const times = new Map<string, number[]>()
  for (let round = 0; round < rounds; round++) {
    for (const batchSize of BATCH_SIZES) {
      const turns = round % 2 === 0 ? [...engines] : [...engines].reverse()
      for (const [name, engine] of turns) {
        // Matrix products are the same work whatever the batch.
        const images = name.startsWith('matrix-products') ? 1 : batchSize
        const { milliseconds } = await engine.run(images, name === nameOf(STOCK) ? STOCK_REPEATS : REPEATS)
        const key = `${name} ${batchSize}`
        times.set(key, [...times.get(key) ?? [], median(milliseconds.slice(1)) / images])
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
  const peak = rates(peakOf(one), batchSize, times, MATRIX_PRODUCTS_OPERATIONS)
  return {
    ...one,
    batchSize,
    milliseconds: summarize(own),
    toOnnxRuntime: summarize(own.map((time, round) => time / (reference[round] ?? NaN))),
    speedUpOverStock: summarize(own.map((time, round) => (stock[round] ?? NaN) / time)),
    shareOfPeak: summarize(rates(one, batchSize, times, operations).map((rate, round) => rate / (peak[round] ?? NaN)))
  }
}

/** What the table's shares are of, in words. */
export function describePeak ({ peak }: EngineResult): string {
  const rates = Object.entries(peak).map(([precision, { median }]) => `${median.toFixed(0)} GFLOP/s in ${precision}`)
  return `matrix products alone reach ${rates.join(' and ')}`
}

/** The figures as one table, ratios first. */
export function engineTable ({ figures }: EngineResult): Table {
  return {
    header: ['engine', 'batch', 'time / ONNX Runtime', 'times stock tfjs-node', '% of peak', 'ms an image'],
    rows: figures.map((figure) => [
      nameOf(figure), String(figure.batchSize), spread(figure.toOnnxRuntime, 2), spread(figure.speedUpOverStock, 1),
      (figure.shareOfPeak.median * 100).toFixed(0), spread(figure.milliseconds, 1)
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
