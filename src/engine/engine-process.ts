import { spawn, type ChildProcess } from 'node:child_process'
import type { Duplex } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { MORE_THREADS, notStarted, watchBeginning } from '../base/beginning.js'
import { OperatorError } from '../base/errors.js'
import { ProcessGone } from '../base/process-end.js'
import { NO_USAGE, usageOf, type ProcessUsage } from '../base/process-usage.js'
import { APART } from '../base/signals.js'
import { FrameReader, type Frame } from './frames.js'
import { passOnWithoutNotices } from './notices.js'
import type { LoadReply, LoadRequest, RunReply, RunRequest } from './protocol.js'
import { decodeLoadReply, decodeRunReply } from './replies.js'
import { encodeRequest, type Request } from './requests.js'
import { Watchdog } from '../base/watchdog.js'

const WORKER_PROCESS = fileURLToPath(new URL('./worker-process.js', import.meta.url))
/** Which of the child's open files the pipe is; standard input, output and error come first. */
const PIPE = 3
/** Time for reading a graph, beside that of running it; no disk and no CPU that is worth serving from is so slow. */
const READ_LIMIT_MS = 300_000
/** Time in which a process ends that was told to, and one that was killed. */
const END_GRACE_MS = 5000
/** What TensorFlow, the C library and C++ say last where they can start no thread. */
const NO_THREAD = /pthread_create|Resource temporarily unavailable/

export interface EngineProcessOptions {
  /** The module that it runs. */
  readonly workerFile: URL
  /** Added to this process's environment. */
  readonly environment: Readonly<Record<string, string>>
  /** A run that takes longer hangs, and its process is killed. No limit where it is left out. */
  readonly runTimeoutMs?: number | undefined
}

interface Exchange {
  readonly limitMs: number | undefined
  readonly resolve: (reply: Frame) => void
  readonly reject: (reason: Error) => void
}

/** The front of one process that owns TensorFlow, from its start to its end. */
export class EngineProcess {
  /** Resolves with the reason when the process is gone, for whichever it was. */
  readonly ended: Promise<Error>
  private readonly child: ChildProcess
  private readonly pipe: Duplex
  private readonly reader = new FrameReader()
  /** Those that wait for their replies, in the order of these. */
  private readonly exchanges: Exchange[] = []
  private readonly watchdog = new Watchdog((limitMs) => {
    this.kill(new Error(`the worker did not answer within ${limitMs} ms: it hangs`))
  })

  /** To be called once its program runs; undefined from then on. */
  private begun: (() => void) | undefined
  private reason: Error | undefined
  private lacksThreads = false
  private cpuSeconds = 0

  constructor (private readonly options: EngineProcessOptions) {
    this.child = spawn(process.execPath, [WORKER_PROCESS, options.workerFile.href], {
      env: environmentOf(options),
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
      ...APART
    })
    passOnWithoutNotices(this.child, (line) => { this.lacksThreads ||= NO_THREAD.test(line) })
    this.begun = watchBeginning(this.child, 'The worker\'s process', (reason) => { this.fail(reason) })
    this.ended = new Promise((resolve) => {
      const end = (reason: Error): void => {
        this.fail(reason)
        resolve(this.reason ?? reason)
      }
      this.child.once('error', (error) => { end(notStarted('The worker\'s process', error)) })
      this.child.once('close', (code, signal) => { end(this.endOf(code, signal)) })
    })
    this.pipe = pipeOf(this.child)
    this.pipe.on('data', (chunk: Buffer) => { this.receive(chunk) })
    // A pipe that breaks is the process's end, which has its own event and a better reason.
    this.pipe.on('error', () => {})
  }

  /** What it takes of the machine; nothing where the system does not tell. Of one that is gone the CPU time that was last seen. */
  get usage (): ProcessUsage {
    const { pid, exitCode, signalCode } = this.child
    const { residentBytes, cpuSeconds } = pid === undefined || (exitCode ?? signalCode) !== null ? NO_USAGE : usageOf(pid)
    this.cpuSeconds = Math.max(this.cpuSeconds, cpuSeconds)
    return { residentBytes, cpuSeconds: this.cpuSeconds }
  }

  /** Rejects with the reason if the module throws, or the process does not answer. */
  async load (request: LoadRequest): Promise<LoadReply> {
    const { runTimeoutMs } = this.options
    const limitMs = runTimeoutMs === undefined ? undefined : READ_LIMIT_MS + request.warmUpBatchSizes.length * runTimeoutMs
    return decodeLoadReply(await this.ask({ load: request }, limitMs))
  }

  /** As `load`; several runs may wait, and take turns. */
  async run (request: RunRequest): Promise<RunReply> {
    return decodeRunReply(await this.ask({ run: request }, this.options.runTimeoutMs), request.images.length)
  }

  /** Lets it end by itself, unless it is at work, and resolves when it is gone. */
  async close (): Promise<void> {
    if (this.exchanges.length > 0) this.kill(new Error('the worker is closed'))
    else this.pipe.end()
    const late = setTimeout(() => { this.kill(new Error('the worker does not end by itself')) }, END_GRACE_MS)
    await this.ended
    clearTimeout(late)
  }

  /** Ends it at once; whoever waits for an answer gets the reason. */
  kill (reason: Error): void {
    this.fail(reason)
    this.child.kill('SIGKILL')
  }

  /** Resolves when a process that was killed is gone. Rejects if the system cannot end it, as while a driver holds it. */
  async gone (): Promise<void> {
    const timer = new AbortController()
    const stuck = sleep(END_GRACE_MS, undefined, timer).then(() => { throw new Error(`process ${this.child.pid} cannot be killed`) })
    try {
      await Promise.race([this.ended, stuck])
    } finally {
      timer.abort()
      stuck.catch(() => {})
    }
  }

  private ask (request: Request, limitMs: number | undefined): Promise<Frame> {
    return new Promise((resolve, reject) => {
      if (this.reason !== undefined) return reject(this.reason)
      this.exchanges.push({ limitMs, resolve, reject })
      // What is held ahead has its time from when its turn comes.
      if (this.exchanges.length === 1) this.watchdog.start(limitMs)
      this.pipe.cork()
      for (const part of encodeRequest(request)) this.pipe.write(part)
      this.pipe.uncork()
    })
  }

  private receive (chunk: Buffer): void {
    let rest: Uint8Array = chunk
    while (rest.length > 0 && this.reason === undefined) {
      const { space } = this.reader
      const taken = rest.subarray(0, space.length)
      space.set(taken)
      rest = rest.subarray(taken.length)
      try {
        const frame = this.reader.filled(taken.length)
        if (frame !== undefined) this.answer(frame)
      } catch (error) {
        this.kill(new Error(`the worker's process sent what is no reply: ${(error as Error).message}`, { cause: error }))
      }
    }
  }

  private endOf (code: number | null, signal: NodeJS.Signals | null): Error {
    if (!this.lacksThreads || signal === null) return new ProcessGone('the worker\'s process', code, signal)
    return new OperatorError(`The worker's process could start no more threads: ${MORE_THREADS}`)
  }

  /** The first frame says that its program runs. */
  private answer (frame: Frame): void {
    if (this.begun !== undefined) {
      this.begun()
      this.begun = undefined
      return
    }
    const exchange = this.exchanges.shift()
    if (exchange === undefined) throw new Error('nothing was asked')
    exchange.resolve(frame)
    const [next] = this.exchanges
    if (next === undefined) this.watchdog.stop()
    else this.watchdog.start(next.limitMs)
  }

  /** The first reason is the one that counts. */
  private fail (reason: Error): void {
    this.watchdog.stop()
    this.reason ??= reason
    for (const { reject } of this.exchanges.splice(0)) reject(this.reason)
  }
}

/** Throws an OperatorError if the system has no more files for this process to open. */
function pipeOf ({ stdio }: { stdio?: ChildProcess['stdio'] }): Duplex {
  const pipe = stdio?.[PIPE]
  if (pipe === undefined || pipe === null) {
    throw new OperatorError('There is no pipe for another process: too many open files. Raise the limit (ulimit -n)')
  }
  return pipe as Duplex
}

/** Without what its parent's Node was told to do, such as to wait for a debugger. */
function environmentOf ({ environment }: EngineProcessOptions): NodeJS.ProcessEnv {
  const { NODE_OPTIONS: _options, ...inherited } = process.env
  return { ...inherited, ...environment }
}
