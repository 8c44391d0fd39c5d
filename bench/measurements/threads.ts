import { spread, summarize, type Summary } from '../report/summary.js'
import { contestantsHere, exportFor, startContestants, STOCK } from '../engines/contestants.js'
import { nameOf, type Contestant, type TimedEngine } from '../engines/engine.js'
import { onCpus } from '../engines/pinning.js'
import { timeTurn, warmUp } from '../engines/turn.js'
import { inFolder, weightsOf } from '../network/served.js'
import { precisionsOf, type Machine } from '../report/machine.js'
import type { Table } from '../../verify/table.js'
import type { EngineBenchOptions } from './engine-times.js'

const BATCH_SIZES = [1, 8]

/** One engine at one batch size, with so many threads on as many CPUs. */
export type ThreadsFigure = Contestant & {
  readonly batchSize: number
  readonly threads: number
  /** An image. */
  readonly milliseconds: Summary
  /** Its time with one thread of the same round divided by this. */
  readonly speedUp: Summary
}

export interface ThreadsResult {
  readonly weights: 'random' | 'real'
  readonly rounds: number
  readonly versions: readonly string[]
  /** Who could not be measured here, and why. */
  readonly leftOut: readonly string[]
  readonly figures: readonly ThreadsFigure[]
}

/** One engine with so many threads in its own process. */
interface Started {
  readonly one: Contestant
  readonly threads: number
  readonly engine: TimedEngine
}

/** Milliseconds an image, one number a round, of one engine at one batch size. */
type Times = ReadonlyMap<Started, readonly number[]>

/**
 * Times each engine with 1, 2, 4 and so on threads, up to those of the options, bound to as many CPUs. All take turns in each round,
 * every other one in reverse.
 */
export async function benchThreads (machine: Machine, { rounds, threads, model }: EngineBenchOptions): Promise<ThreadsResult> {
  const { contestants: all, leftOut } = contestantsHere(precisionsOf(machine))
  const contestants = all.filter((one) => one !== STOCK)
  const engines = new Map(countsUpTo(threads).map((count) => [count, new Map<string, TimedEngine>()]))
  return await inFolder(async (folder) => {
    try {
      const exported = await exportFor(contestants, model, { folder, images: Math.max(...BATCH_SIZES) })
      for (const [count, started] of engines) {
        await startContestants(started, contestants, { threads: count, model, exported, before: await onCpus(count) })
      }
      const started = [...engines].flatMap(([count, byName]) => contestants.flatMap((one): Started[] => {
        const engine = byName.get(nameOf(one))
        return engine === undefined ? [] : [{ one, threads: count, engine }]
      }))
      await warmUp(started.map(({ engine }) => engine), BATCH_SIZES)
      const figures: ThreadsFigure[] = []
      for (const batchSize of BATCH_SIZES) {
        const times = await timeRounds(started, batchSize, rounds)
        figures.push(...started.map((own) => figureOf(own, batchSize, times)))
      }
      const versions = [...new Set(started.map(({ engine }) => engine.version))]
      return { weights: weightsOf(model), rounds, versions, leftOut, figures }
    } finally {
      await Promise.all([...engines.values()].flatMap((started) => [...started.values()].map((engine) => engine.stop())))
    }
  })
}

/** Powers of two, and the number itself. */
function countsUpTo (threads: number): readonly number[] {
  const powers = Array.from({ length: Math.floor(Math.log2(threads)) + 1 }, (_, exponent) => 2 ** exponent)
  return [...new Set([...powers, threads])]
}

async function timeRounds (started: readonly Started[], batchSize: number, rounds: number): Promise<Times> {
  const times = new Map(started.map((one): [Started, number[]] => [one, []]))
  for (let round = 0; round < rounds; round++) {
    for (const one of round % 2 === 0 ? started : [...started].reverse()) {
      times.get(one)?.push(await timeTurn(one.engine, batchSize))
    }
  }
  return times
}

function figureOf (own: Started, batchSize: number, times: Times): ThreadsFigure {
  const [, single = []] = [...times].find(([{ one, threads }]) => one === own.one && threads === 1) ?? []
  const milliseconds = times.get(own) ?? []
  const speedUp = summarize(milliseconds.map((time, round) => (single[round] ?? NaN) / time))
  return { ...own.one, batchSize, threads: own.threads, milliseconds: summarize(milliseconds), speedUp }
}

/** What was measured, in words. */
export function howThreads ({ rounds, versions, leftOut }: ThreadsResult): string {
  return [`medians and quartiles of ${rounds} rounds`, ...versions, ...leftOut].join('; ')
}

/** An engine and a batch size a row, numbers of threads beside each other. */
export function threadsTable ({ figures }: ThreadsResult): Table {
  const counts = [...new Set(figures.map(({ threads }) => threads))]
  const [first, ...more] = counts
  const rows = figures.filter(({ threads }) => threads === first)
  return {
    header: [
      'engine', 'batch', ...counts.map((count) => `ms an image, ${count} ${count === 1 ? 'thread' : 'threads'}`),
      ...more.map((count) => `${count} threads, times as fast as 1`)
    ],
    rows: rows.map((row) => {
      const own = figures.filter((figure) => nameOf(figure) === nameOf(row) && figure.batchSize === row.batchSize)
      return [
        nameOf(row), String(row.batchSize), ...own.map(({ milliseconds }) => spread(milliseconds, 1)),
        ...own.slice(1).map(({ speedUp }) => spread(speedUp, 2))
      ]
    })
  }
}
