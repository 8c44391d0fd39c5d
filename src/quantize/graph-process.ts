import { rmSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { writeSavedModel, type SavedModel } from '../compiler/index.js'
import { tensorFlowEnvironment } from '../engine/backend.js'
import { EngineProcess } from '../engine/engine-process.js'
import type { EngineImages, RunReply } from '../engine/protocol.js'
import { WORKER_FILE } from '../engine/supervised-worker.js'
import { PROBABILITIES_ONLY, type Wanted } from '../engine/wanted.js'
import type { Pixels } from './pixels.js'

export interface GraphProcessOptions {
  /** Threads that TensorFlow computes with. */
  readonly threads: number
  /** Length of one image. */
  readonly imageBytes: number
}

/** A process that computes one graph after the other, on the CPU: to start it takes longer than most of what it is asked. */
export class GraphProcess {
  private constructor (private readonly engine: EngineProcess, private readonly imageBytes: number) {}

  /** Rejects with the reason if the graph cannot be loaded. */
  static async start (savedModel: SavedModel, { threads, imageBytes }: GraphProcessOptions): Promise<GraphProcess> {
    const environment = tensorFlowEnvironment({ backend: 'cpu', threads })
    const started = new GraphProcess(new EngineProcess({ workerFile: WORKER_FILE, environment }), imageBytes)
    try {
      await started.load(savedModel)
      return started
    } catch (error) {
      await started.close()
      throw error
    }
  }

  /** Loads a graph in the place of the one before. Rejects as `start`. Leaves no file, even where this process is ended meanwhile. */
  async load (savedModel: SavedModel): Promise<void> {
    const path = await mkdtemp(join(tmpdir(), 'xception-quantize-'))
    const remove = (): void => { rmSync(path, { recursive: true, force: true }) }
    process.once('exit', remove)
    try {
      await writeSavedModel(path, savedModel)
      await this.engine.load({ path, imageBytes: this.imageBytes, warmUpBatchSizes: [] })
    } finally {
      process.off('exit', remove)
      remove()
    }
  }

  /** The pictures are of one kind. */
  async run (pictures: readonly Pixels[], wanted: Wanted = PROBABILITIES_ONLY): Promise<RunReply> {
    return await this.engine.run({ images: pictures as EngineImages, wanted })
  }

  async close (): Promise<void> {
    await this.engine.close()
  }
}
