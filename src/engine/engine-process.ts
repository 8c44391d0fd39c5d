import { fileURLToPath } from 'node:url'
import { Apart } from '../base/apart/apart.js'
import { FrameReader, type Frame } from './frames.js'
import { NOTICE } from './notices.js'
import type { LoadReply, LoadRequest, RunReply, RunRequest } from './protocol.js'
import { decodeLoadReply, decodeRunReply } from './replies.js'
import { encodeRequest, type Request } from './requests.js'

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
  private readonly runTimeoutMs: number | undefined

  constructor ({ workerFile, environment, runTimeoutMs }: EngineProcessOptions) {
    const program = [WORKER_PROCESS, workerFile.href] as const
    super({ name: 'the worker\'s process', program, channel: 'pipe', environment, omit: NOTICE })
    this.runTimeoutMs = runTimeoutMs
    this.pipe?.on('data', (chunk: Buffer) => { this.take(chunk) })
    // A pipe that breaks is the process's end, which has its own event and a better reason.
    this.pipe?.on('error', () => {})
  }

  /** Rejects with the reason if the module throws, or the process does not answer. */
  async load (request: LoadRequest): Promise<LoadReply> {
    const { runTimeoutMs } = this
    const limitMs = runTimeoutMs === undefined ? undefined : READ_LIMIT_MS + request.warmUpBatchSizes.length * runTimeoutMs
    return decodeLoadReply(await this.request({ load: request }, limitMs))
  }

  /** Computes a batch; several may wait, and take turns. Rejects as `load`. */
  async run (request: RunRequest): Promise<RunReply> {
    return decodeRunReply(await this.request({ run: request }, this.runTimeoutMs), request.images.length)
  }

  private request (request: Request, limitMs: number | undefined): Promise<Frame> {
    return this.ask(() => {
      this.pipe?.cork()
      for (const part of encodeRequest(request)) this.pipe?.write(part)
      this.pipe?.uncork()
    }, limitMs)
  }

  private take (chunk: Buffer): void {
    for (let rest: Uint8Array = chunk; rest.length > 0;) {
      const { space } = this.reader
      const taken = rest.subarray(0, space.length)
      space.set(taken)
      rest = rest.subarray(taken.length)
      try {
        const frame = this.reader.filled(taken.length)
        if (frame !== undefined) this.receive(frame)
      } catch (error) {
        return this.distrust((error as Error).message, { cause: error })
      }
    }
  }
}
