import { createHash, randomUUID } from 'node:crypto'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { addon } from '../../base/addon.js'
import { ModuleApart } from '../../base/apart/module-apart.js'
import { judged } from '../../base/content.js'
import { OperatorError } from '../../base/errors.js'
import { reading } from '../../base/existing.js'
import { LockError, withLock } from '../../base/lock.js'
import { parse } from '../../base/schema.js'
import { Type } from '../../base/typebox.js'
import { installedTensorFlow, tensorFlowEnvironment } from '../backend.js'
import { NOTICE } from '../notices.js'
import { isSame, type Candidate } from './candidates.js'
import { estimatesOf, type Estimate, type Timed } from './timing.js'
import type * as TimingProcess from './timing-process.js'

const TIMING_PROCESS = new URL('./timing-process.js', import.meta.url)
const FOLDER = 'kernels'

/** Time for it, once TensorFlow is loaded, which an engine's process does meanwhile. */
const LIMIT_MS = 950
const ROUNDS = 10
/** Time after which a process that was asked hangs. */
const HANGS_AFTER_MS = 20_000
/** Where others had more than this share of the CPUs that the threads need, their times say nothing of how they work together. */
const BUSY = 0.1
/** A measurement that agrees with itself so far is kept for good, another one for an hour. */
const SETTLED = 0.1
const UNSETTLED_FOR_MS = 3_600_000
/** What may take a graph for a moment where the cache takes nothing. */
const SHARED_MEMORY = '/dev/shm'

/** What was found of candidates; where there is a problem, it does not say which of them is the fastest. */
export interface Measurement {
  readonly estimates: readonly Estimate[]
  readonly problem?: string | undefined
}

export interface MeasuringOptions {
  /** As many as an engine's process has. */
  readonly threads: number
  readonly cacheDir: string
  /** The addon with the kernels. */
  readonly addon: string
  readonly limitMs?: number | undefined
  readonly onStep?: ((step: string) => void) | undefined
}

const Kept = Type.Object({
  estimates: Type.Array(Type.Object({
    products: Type.String(), maps: Type.String(), kernels: Type.String(), milliseconds: Type.Number(), disagreement: Type.Number()
  })),
  problem: Type.Optional(Type.String()),
  measuredAtMs: Type.Number()
})

/**
 * Times candidates on this machine, or reads what was found before: it is kept by CPU, threads, and versions of the kernels and of
 * TensorFlow. Of several processes one measures while the others wait. Where the cache takes nothing, each start measures.
 */
export async function measure (candidates: readonly Candidate[], options: MeasuringOptions): Promise<Measurement> {
  const folder = join(options.cacheDir, FOLDER)
  const path = join(folder, `${keyOf(candidates, options)}.json`)
  const known = await readKept(path, candidates)
  if (known !== undefined) return known
  let measured: Measurement | undefined
  try {
    await mkdir(folder, { recursive: true })
    const onWait = (): void => options.onStep?.('waiting for another process that measures what computes fastest')
    return await withLock(join(folder, 'measuring'), { onWait }, async () => {
      const found = await readKept(path, candidates)
      if (found !== undefined) return found
      measured = await timed(candidates, options)
      await keep(path, measured)
      return measured
    })
  } catch (error) {
    // A folder that takes nothing, even where it would be the first one missing.
    if (!(error instanceof LockError) && (error as NodeJS.ErrnoException).syscall === undefined) throw error
    return measured ?? await timed(candidates, options)
  }
}

async function timed (candidates: readonly Candidate[], options: MeasuringOptions): Promise<Measurement> {
  const { threads, cacheDir, limitMs = LIMIT_MS, onStep } = options
  onStep?.('measuring what computes fastest here')
  const environment = tensorFlowEnvironment({ backend: 'cpu', threads })
  const apart = new ModuleApart<typeof TimingProcess>(TIMING_PROCESS, { name: 'the process that measures', environment, omit: NOTICE })
  const folders = [join(cacheDir, FOLDER), tmpdir(), SHARED_MEMORY]
  try {
    const found = await apart.call('timeCandidates', [{
      candidates, sample: 'few', batchSize: 1, rounds: ROUNDS, limitMs, addon: options.addon, folders
    }], HANGS_AFTER_MS + limitMs)
    const estimates = estimatesOf(found)
    return { estimates, problem: problemOf(found, estimates, candidates, threads) }
  } catch (error) {
    // The service computes without it; whoever asks for the reason gets to read this one.
    return { estimates: [], problem: (error as Error).message }
  } finally {
    await apart.close()
  }
}

function problemOf (
  { spareCpus = Infinity }: Timed, estimates: readonly Estimate[], candidates: readonly Candidate[], threads: number
): string | undefined {
  // What int8 takes is said, and decides nothing where there is more.
  const decisive = candidates.filter(({ products }) => products !== 'int8' || candidates.every((one) => one.products === 'int8'))
  if (decisive.some((one) => !estimates.some((estimate) => isSame(one, estimate)))) return 'the time for it was too short'
  return threads > 1 && spareCpus < threads * (1 - BUSY) ? 'other work kept the CPUs busy' : undefined
}

function keyOf (candidates: readonly Candidate[], { threads, addon: kernels }: MeasuringOptions): string {
  const { tensorflow, addon: native } = installedTensorFlow()
  const cpu = [cpus()[0]?.model, process.arch, addon().kernelRows()]
  return createHash('sha256').update(JSON.stringify([cpu, threads, tensorflow, native, kernels, candidates])).digest('hex').slice(0, 32)
}

/** Undefined where nothing is kept, or what is was not settled for a while, or is damaged. */
async function readKept (path: string, candidates: readonly Candidate[]): Promise<Measurement | undefined> {
  try {
    const text = await reading(path, () => readFile(path, 'utf8'))
    const { estimates, problem, measuredAtMs } = parse(Kept, judged(() => JSON.parse(text) as unknown), path)
    const known = candidates.flatMap((candidate) => {
      const kept = estimates.find((one) => isSame(candidate, one))
      return kept === undefined ? [] : [{ ...candidate, milliseconds: kept.milliseconds, disagreement: kept.disagreement }]
    })
    const measurement = { estimates: known, problem }
    const ageMs = Date.now() - measuredAtMs
    return isSettled(measurement) || (ageMs >= 0 && ageMs < UNSETTLED_FOR_MS) ? measurement : undefined
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error
    return undefined
  }
}

function isSettled ({ estimates, problem }: Measurement): boolean {
  return problem === undefined && estimates.every(({ disagreement }) => disagreement <= SETTLED)
}

async function keep (path: string, measurement: Measurement): Promise<void> {
  const temporary = `${path}.${randomUUID()}`
  await writeFile(temporary, JSON.stringify({ ...measurement, measuredAtMs: Date.now() }))
  await rename(temporary, path)
}
