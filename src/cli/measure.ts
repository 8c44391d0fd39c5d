import type { Config } from '../config.js'
import { Random } from '../base/random.js'
import { median } from '../base/statistics.js'
import { tensorFlowEnvironment } from '../engine/backend.js'
import type { Kernels } from '../engine/kernels.js'
import { WorkerPool } from '../engine/pool.js'
import { chooseComputation } from '../engine/target.js'
import { compiledModel } from '../service/compiled-model.js'
import { inputShape } from '../model/shapes.js'
import { sizeOf } from '../model/weights.js'
import { openModel } from '../sources/open.js'

/** Batch sizes that are measured. */
export const MEASURED_BATCH_SIZES = [1, 8] as const

const ROUNDS = 7
const IMAGE_SEED = 1

/** Images a second by batch size. */
export type Speed = Readonly<Record<string, number>>

export interface Measured {
  readonly imagesPerSecond: Speed
  readonly kernels: Kernels
  /** Why these. */
  readonly why: string
}

/**
 * How fast the engine runs models on the CPU, with as many threads as the settings say: the median of several rounds, in which the
 * models take turns, so that a slow moment of the machine does not count against one of them. Each of `configs` names a model.
 * Throws an OperatorError.
 */
export async function measureSpeed (configs: readonly Config[]): Promise<Measured[]> {
  const runners: Runner[] = []
  try {
    for (const config of configs) {
      runners.push(await startRunner(config))
    }
    for (let round = 0; round < ROUNDS; round++) {
      for (const runner of runners) await runOnce(runner)
    }
    return runners.map(({ kernels, why, milliseconds }) => ({
      imagesPerSecond: Object.fromEntries([...milliseconds].map(([size, times]) => [size, size / median(times) * 1000])),
      kernels,
      why
    }))
  } finally {
    await Promise.all(runners.map(({ pool }) => pool.close()))
  }
}

interface Runner extends Pick<Measured, 'kernels' | 'why'> {
  readonly pool: WorkerPool
  readonly imageBytes: number
  /** One entry a round, by batch size. */
  readonly milliseconds: Map<number, number[]>
}

async function startRunner (config: Config): Promise<Runner> {
  const model = await openModel(config)
  const imageBytes = sizeOf(inputShape(model.network.input))
  // What is measured runs alone, with all threads.
  const { target, kernels, kernelNames, why } = await chooseComputation({ ...config, engineWorkers: 1 }, 'cpu')
  const { path } = await compiledModel(config, model, target)
  const environment = tensorFlowEnvironment({ backend: 'cpu', threads: config.tensorflowThreads })
  const pool = new WorkerPool(1, { path, kernels: kernelNames, imageBytes, warmUpBatchSizes: MEASURED_BATCH_SIZES, environment })
  await pool.start()
  return { pool, imageBytes, kernels, why, milliseconds: new Map() }
}

async function runOnce ({ pool, imageBytes, milliseconds }: Runner): Promise<void> {
  for (const size of MEASURED_BATCH_SIZES) {
    const { inferenceMs } = await pool.run(noise(size, imageBytes))
    milliseconds.set(size, [...milliseconds.get(size) ?? [], inferenceMs])
  }
}

function noise (count: number, length: number): Array<Uint8Array<ArrayBuffer>> {
  const random = new Random(IMAGE_SEED)
  return Array.from({ length: count }, () => new Uint8Array(length).map(() => random.uniform(0, 256)))
}
