import type { ServiceSettings } from './settings.js'
import { chooseBackend, configureTensorFlow, type Backend } from '../engine/backend.js'
import { bestBatchSize } from '../engine/batch-size.js'
import { compileCached } from '../compiler/cache.js'
import { WorkerPool } from '../engine/pool.js'
import type { Precision } from '../compiler/index.js'
import type { Model } from '../model/model.js'
import { choosePrecision } from '../engine/precision.js'

/** A model that is loaded and warm. */
export interface Runtime {
  readonly pool: WorkerPool
  readonly backend: Backend
  readonly precision: Precision
  readonly tensorflowVersion: string
  readonly maxBatchSize: number
}

/**
 * Compiles a model (or takes it from the cache), starts the workers and warms them up. Sets TensorFlow's environment,
 * which is the whole process's. `workerFile` replaces the worker's module. Throws an Error of one sentence.
 */
export async function startRuntime (config: ServiceSettings, model: Model, workerFile?: URL): Promise<Runtime> {
  const backend = chooseBackend(config.backend)
  const precision = choosePrecision(config.precision, backend)
  configureTensorFlow({ backend: config.backend, threads: config.tensorflowThreads, sessions: config.engineWorkers })
  const { path } = await compileCached(model, { cacheDir: config.cacheDir, backend, precision })
  const imageBytes = model.input.size.value ** 2 * model.input.channels
  const pool = new WorkerPool(config.engineWorkers, {
    path,
    imageBytes,
    warmUpBatchSizes: [...new Set([1, config.maxBatchSize === 'auto' ? 1 : config.maxBatchSize])],
    ...(workerFile === undefined ? {} : { workerFile })
  })
  const loaded = await pool.start()
  if (config.backend === 'gpu' && loaded.backend !== 'gpu') {
    await pool.close()
    throw new Error('BACKEND=gpu, and TensorFlow finds no usable GPU: check the driver and CUDA_VISIBLE_DEVICES, or set BACKEND=cpu')
  }
  const maxBatchSize = config.maxBatchSize === 'auto'
    ? await bestBatchSize({ engine: pool, imageBytes, folder: path, threads: config.tensorflowThreads })
    : config.maxBatchSize
  return { pool, backend: loaded.backend, precision, tensorflowVersion: loaded.tensorflowVersion, maxBatchSize }
}
