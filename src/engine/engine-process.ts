import { fileURLToPath } from 'node:url'
import { Apart } from '../base/apart/apart.js'
import { FrameReader, FrameWriter, type Content, type Frame } from './frames.js'
import { NOTICE } from './notices.js'
import type { LoadReply, LoadRequest, RunReply, RunRequest } from './protocol.js'
import { decodeLoadReply, decodeRunReply, isRousing } from './replies.js'
import { loadRequest, rouse, runRequest } from './requests.js'
import { SharedImages, SHARES } from './shared-images.js'

const WORKER_PROCESS = fileURLToPath(new URL('./worker-process.js', import.meta.url))
/** Time for reading a graph, beside that of running it; no disk and no CPU that is worth serving from is so slow. */
const READ_LIMIT_MS = 300_000

export interface EngineProcessOptions {
  /** The module that it runs. */
  readonly workerFile: URL
  /** Added to this process's environment. */
  readonly environment: Readonly<Record<string, string>>
  /** A run that takes longer hangs, and its process is killed; an hour where it is left out. */
  readonly runTimeoutMs?: number | undefined
}

/** One process that owns TensorFlow. */
export class EngineProcess extends Apart<Frame> {
  private readonly reader = new FrameReader()
  private readonly writer = new FrameWriter()
  private readonly runTimeoutMs: number | undefined
  private readonly images: SharedImages | undefined

  constructor ({ workerFile, environment, runTimeoutMs }: EngineProcessOptions) {
    const images = SharedImages.open()
    const program = [WORKER_PROCESS, workerFile.href, ...images === undefined ? [] : [SHARES]] as const
    super({ name: 'the worker\'s process', program, channel: 'pipe', inherits: images?.descriptor, environment, omit: NOTICE })
    this.runTimeoutMs = runTimeoutMs
    this.images = images
    images?.closeDescriptor()
    void this.ended.then(() => { images?.close() })
  }

  /** Rejects with the reason if the module throws, or the process does not answer. */
  async load (request: LoadRequest): Promise<LoadReply> {
    const { runTimeoutMs } = this
    const limitMs = runTimeoutMs === undefined ? undefined : READ_LIMIT_MS + request.warmUpBatchSizes.length * runTimeoutMs
    return decodeLoadReply(await this.ask(() => { this.send(loadRequest(request)) }, limitMs))
  }

  /** Says that a run is about to come. */
  rouse (): void {
    this.send(rouse)
  }

  /** Computes a batch; several may wait, and take turns. Rejects as `load`. */
  async run (request: RunRequest): Promise<RunReply> {
    let slot: number | undefined
    try {
      const frame = await this.ask(() => {
        slot = this.images?.put(request.images)
        this.send(runRequest(request, slot))
      }, this.runTimeoutMs)
      return decodeRunReply(frame, request.images.length)
    } finally {
      if (slot !== undefined) this.images?.release(slot)
    }
  }

  protected override take (bytes: Uint8Array<ArrayBuffer>): void {
    try {
      this.reader.feed(bytes)
      for (let frame = this.reader.take(); frame !== undefined; frame = this.reader.take()) {
        if (!isRousing(frame)) this.receive(frame)
      }
    } catch (error) {
      this.distrust((error as Error).message, { cause: error })
    }
  }

  private send (content: Content): void {
    this.pipe?.send(this.writer.write(content))
  }
}
