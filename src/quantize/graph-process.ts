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

/** A graph that is loaded in a process of its own, on the CPU, for as long as it is needed. */
export class GraphProcess {
  private constructor (private readonly process: EngineProcess) {}

  /** Rejects with the reason if it cannot be loaded. Leaves no file, even where this process is ended meanwhile. */
  static async start (savedModel: SavedModel, { threads, imageBytes }: GraphProcessOptions): Promise<GraphProcess> {
    const path = await mkdtemp(join(tmpdir(), 'xception-quantize-'))
    const remove = (): void => { rmSync(path, { recursive: true, force: true }) }
    process.once('exit', remove)
    const engine = new EngineProcess({ workerFile: WORKER_FILE, environment: tensorFlowEnvironment({ backend: 'cpu', threads }) })
    try {
      await writeSavedModel(path, savedModel)
      await engine.load({ path, imageBytes, warmUpBatchSizes: [] })
      return new GraphProcess(engine)
    } catch (error) {
      await engine.close()
      throw error
    } finally {
      process.off('exit', remove)
      remove()
    }
  }

  /** The pictures are of one kind. */
  async run (pictures: readonly Pixels[], wanted: Wanted = PROBABILITIES_ONLY): Promise<RunReply> {
    return await this.process.run({ images: pictures as EngineImages, wanted })
  }

  async close (): Promise<void> {
    await this.process.close()
  }
}
