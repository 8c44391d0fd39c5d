import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { writeSavedModel, type SavedModel } from '../../src/compiler/index.js'
import { tensorFlowEnvironment } from '../../src/engine/backend.js'
import type { KernelNames } from '../../src/engine/protocol.js'
import { SupervisedWorker } from '../../src/engine/supervised-worker.js'

/** Loads a SavedModel into the service's own engine, on the CPU. */
export async function startGraph (
  savedModel: SavedModel, imageBytes: number, threads: number, kernels: KernelNames = {}
): Promise<{ readonly engine: SupervisedWorker, readonly version: string }> {
  const path = await mkdtemp(join(tmpdir(), 'xception-bench-'))
  try {
    await writeSavedModel(path, savedModel)
    const environment = tensorFlowEnvironment({ backend: 'cpu', threads })
    const engine = new SupervisedWorker({ path, kernels, imageBytes, warmUpBatchSizes: [], environment })
    const { tensorflowVersion } = await engine.start()
    return { engine, version: `TensorFlow ${tensorflowVersion}` }
  } finally {
    await rm(path, { recursive: true })
  }
}
