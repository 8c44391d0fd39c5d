import { defaultCacheFolder } from '../../src/base/cache-folder.js'
import { compile, type ModelTarget, type Target } from '../../src/compiler/index.js'
import { chooseComputation } from '../../src/engine/target.js'
import { quantizationOf } from '../../src/quantize/from-statistics.js'
import type { BenchModel } from '../network/model.js'
import type { BenchEngine, EngineOptions } from './engine.js'
import { startGraph } from './saved-model.js'

/** The service's own engine: compiled graph, worker thread, messages included. */
export async function startOurs (model: BenchModel, { threads, precision }: EngineOptions): Promise<BenchEngine> {
  const { side, channels } = model.network.input
  const cacheDir = defaultCacheFolder(process.env)
  const settings = { precision, kernels: 'auto', tensorflowThreads: threads, engineWorkers: 1, cacheDir } as const
  const { target, kernelNames } = await chooseComputation(settings, 'cpu')
  const compiled = compile({ ...model, ...targetFor(model, target) })
  const { engine, version } = await startGraph(compiled, side ** 2 * channels, threads, kernelNames)
  return {
    version,
    prepare: (images) => {
      // Their memory is handed over to the worker.
      const copies = images.map((image) => image.slice())
      return async () => (await engine.run(copies)).probabilities
    },
    close: () => engine.close()
  }
}

/** In int8 as the service computes a model that has no quantization of its own. */
function targetFor ({ network, weights }: BenchModel, { precision, ownKernels, quantized = false }: ModelTarget): Target {
  return { precision, ownKernels, ...quantized ? { quantization: quantizationOf(network, weights) } : {} }
}
