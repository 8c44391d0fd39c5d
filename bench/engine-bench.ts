import { agreementOf, assertAgreement } from './agreement.js'
import { barChart } from './chart.js'
import type { EngineOptions } from './engines/engine.js'
import { EngineProcess } from './engines/process.js'
import type { Machine } from './machine.js'
import { quantile, spread, summarize, type Summary } from './statistics.js'
import type { Table } from './table.js'

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
}

export interface EngineResult {
  readonly weights: 'random' | 'real'
  readonly threads: number
  readonly rounds: number
  readonly versions: Readonly<Record<string, string>>
  /** Largest difference to onnxruntime-node's output; see agreement.ts. */
  readonly agreement: Readonly<Record<string, { readonly logits: number, readonly probabilities: number }>>
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
    const times = await timeRounds(engines, rounds)
    return {
      weights: model === undefined ? 'random' : 'real',
      threads,
      rounds,
      versions: Object.fromEntries([...engines].map(([name, engine]) => [name, engine.version])),
      agreement,
      figures: BATCH_SIZES.flatMap((batchSize) => contestants.map((one) => figureOf(one, batchSize, times)))
    }
  } finally {
    await Promise.all([...engines.values()].map((engine) => engine.stop()))
  }
}

function nameOf ({ engine, precision }: Contestant): string {
  return `${engine} ${precision}`
}

async function compareOutputs (engines: ReadonlyMap<string, EngineProcess>, weights: 'random' | 'real'): Promise<EngineResult['agreement']> {
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
        const { milliseconds } = await engine.run(batchSize, name === nameOf(STOCK) ? STOCK_REPEATS : REPEATS)
        const key = `${name} ${batchSize}`
        times.set(key, [...times.get(key) ?? [], quantile(milliseconds.slice(1), 0.5) / batchSize])
      }
    }
  }
  return times
}

function figureOf (one: Contestant, batchSize: number, times: Times): EngineFigure {
  const timesOf = (contestant: Contestant): readonly number[] => times.get(`${nameOf(contestant)} ${batchSize}`) ?? []
  const [own, reference, stock] = [timesOf(one), timesOf(REFERENCE), timesOf(STOCK)]
  return {
    ...one,
    batchSize,
    milliseconds: summarize(own),
    toOnnxRuntime: summarize(own.map((time, round) => time / (reference[round] ?? NaN))),
    speedUpOverStock: summarize(own.map((time, round) => (stock[round] ?? NaN) / time))
  }
}

/** The figures as one table, ratios first. */
export function engineTable ({ figures }: EngineResult): Table {
  return {
    header: ['engine', 'batch', 'time / ONNX Runtime', 'times stock tfjs-node', 'ms an image'],
    rows: figures.map((figure) => [nameOf(figure), String(figure.batchSize), spread(figure.toOnnxRuntime, 2), spread(figure.speedUpOverStock, 1), spread(figure.milliseconds, 1)])
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
