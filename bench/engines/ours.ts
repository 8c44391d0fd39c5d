import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { configureTensorFlow } from '../../src/model/backend.js'
import { Engine } from '../../src/model/engine.js'
import { compile } from '../../src/model/graph/index.js'
import type { BenchModel } from '../model.js'
import type { BenchEngine, EngineOptions } from './engine.js'

/** The service's own engine: compiled graph, worker thread, messages included. */
export async function startOurs (model: BenchModel, { threads, precision }: EngineOptions): Promise<BenchEngine> {
  configureTensorFlow({ backend: 'cpu', threads })
  const path = await mkdtemp(join(tmpdir(), 'xception-bench-'))
  try {
    await writeFile(join(path, 'saved_model.pb'), compile({ ...model, precision }))
    const engine = new Engine({ path, imageBytes: model.architecture.inputSize ** 2 * 3, warmUpBatchSizes: [] })
    const { tensorflowVersion } = await engine.start()
    return {
      version: `TensorFlow ${tensorflowVersion}`,
      prepare: (images) => {
        // Their memory is handed over to the worker.
        const copies = images.map((image) => image.slice())
        return async () => (await engine.run(copies)).probabilities
      },
      close: () => engine.close()
    }
  } finally {
    await rm(path, { recursive: true })
  }
}
