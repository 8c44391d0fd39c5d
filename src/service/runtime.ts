import { ProcessFailure } from '../base/apart/process-failure.js'
import { OperatorError } from '../base/errors.js'
import { tensorFlowEnvironment, threadsOfWorker, type Backend } from '../engine/backend.js'
import { bestBatchSize } from '../engine/batch-size.js'
import { WorkerPool } from '../engine/pool.js'
import type { KernelNames, LoadReply } from '../engine/protocol.js'
import type { WorkerObserver } from '../engine/supervised-worker.js'
import { inputSpec, type Model } from '../model/model.js'
import { inputShape } from '../model/shapes.js'
import { sizeOf } from '../model/weights.js'
import { createDecoder, MemoryTurns, type Decoder, type DecoderObserver } from '../preprocess/index.js'
import type { Metrics } from '../telemetry/metrics.js'
import type { ServiceSettings } from './settings.js'
import { WorkerWatch } from './worker-watch.js'

export interface OpenOptions {
  readonly metrics: Metrics
  /** Told what opening is at, in words. */
  readonly onStep?: ((step: string) => void) | undefined
  /** Told when they are lost, too, that the process is to end: the model serves nothing any more. */
  readonly workerObserver?: WorkerObserver | undefined
  readonly decoderObserver?: DecoderObserver | undefined
  /** As of `DecoderOptions`. */
  readonly decoderPatienceMs?: number | undefined
  /** What all models of the process decode in; its own where it is left out. */
  readonly decodingMemory?: MemoryTurns | undefined
  /** Replaces the worker's module, for tests of its failures. */
  readonly workerFile?: URL | undefined
}

/** What computes for one model. */
export interface Runtime {
  readonly pool: WorkerPool
  readonly watch: WorkerWatch
  readonly loaded: LoadReply
  readonly maxBatchSize: number
  readonly decoder: Decoder
  /** Ends the workers. */
  readonly close: () => Promise<void>
}

/** What the workers are to load, once it is there. */
export interface GraphToCome {
  /** Folder of the SavedModel. */
  readonly path: Promise<string>
  readonly kernels: Promise<KernelNames>
}

/** Starts a model's workers, at once, and warms them. Throws an OperatorError, or what the graph's path rejects with. */
export async function startRuntime (
  config: ServiceSettings, model: Model, { path, kernels }: GraphToCome, options: OpenOptions
): Promise<Runtime> {
  const { metrics, workerObserver, workerFile } = options
  const imageBytes = imageLengthOf(model)
  const warmUpBatchSizes = config.maxBatchSize === 'auto' ? [1] : [...new Set([1, config.maxBatchSize])]
  const environment = tensorFlowEnvironment({ backend: config.backend, threads: threadsOfWorker(config) })
  const runTimeoutMs = config.inferenceTimeoutMs
  const watch = new WorkerWatch(metrics, workerObserver)
  const pool = new WorkerPool(config.engineWorkers, {
    path, kernels, imageBytes, warmUpBatchSizes, runTimeoutMs, environment, workerFile, observer: watch
  })
  const uncount = metrics.countUsage(pool)
  const close = async (): Promise<void> => {
    await pool.close()
    uncount()
  }
  try {
    const loaded = await pool.start()
    if (config.backend === 'gpu' && loaded.backend !== 'gpu') {
      const remedy = 'check the driver and CUDA_VISIBLE_DEVICES, or set BACKEND=cpu'
      throw new OperatorError(`BACKEND=gpu, and TensorFlow finds no usable GPU: ${remedy}`)
    }
    const decoder = decoderFor(config, model, options)
    // Once the engine has the threads that it needs: what is left has to do.
    await decoder.warmUp()
    const maxBatchSize = await batchSize(config, pool, await path, imageBytes, loaded.backend)
    pool.warmUpWith([...new Set([1, maxBatchSize])])
    return { pool, watch, loaded, maxBatchSize, decoder, close }
  } catch (error) {
    await close()
    throw error instanceof ProcessFailure ? error.within('The engine cannot start, since ', 'while it loaded the model') : error
  }
}

function decoderFor (config: ServiceSettings, model: Model, options: OpenOptions): Decoder {
  const { metrics, decodingMemory, workerObserver, decoderObserver, decoderPatienceMs = 0 } = options
  return createDecoder({
    concurrency: config.decodeConcurrency,
    input: inputSpec(model.input),
    limits: config,
    memory: decodingMemory ?? new MemoryTurns(config.maxDecodeBytes),
    timeoutMs: config.decodeTimeoutMs,
    patienceMs: decoderPatienceMs,
    observer: {
      ...decoderObserver,
      failed: (reason, isTold) => {
        metrics.decoderFailures.inc()
        decoderObserver?.failed?.(reason, isTold)
      }
    },
    onHang: () => { workerObserver?.lost?.(new Error('every image that is being decoded hangs')) }
  })
}

async function batchSize (
  config: ServiceSettings, engine: WorkerPool, folder: string, imageBytes: number, backend: Backend
): Promise<number> {
  if (config.maxBatchSize !== 'auto') return config.maxBatchSize
  return Math.min(config.queueSize, await bestBatchSize({ engine, imageBytes, folder, threads: config.tensorflowThreads, backend }))
}

/** Numbers of one image of the network's input. */
export function imageLengthOf ({ network: { input } }: Model): number {
  return sizeOf(inputShape(input))
}
