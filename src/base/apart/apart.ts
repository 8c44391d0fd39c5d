import { spawn, type ChildProcess } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { OperatorError } from '../errors.js'
import { NO_USAGE, usageOf, type ProcessUsage } from '../process-usage.js'
import { writeStandardError } from '../standard-error.js'
import { Watchdog } from '../watchdog.js'
import { eachLine } from './lines.js'
import { END } from './messages.js'
import { Pipe } from './pipe.js'
import { endOf, MORE_THREADS, notStarted, ProcessFailure } from './process-failure.js'

/**
 * Node begins within moments, but where the system lets it start only some of its threads it may wait for the others for ever,
 * before the first line of its program: such a process neither notices that its parent is gone nor answers a signal.
 */
const BEGIN_LIMIT_MS = 30_000
/** Time in which a process ends that was told to, and one that was killed. */
const END_GRACE_MS = 5000
/** Only what hangs takes longer than this, whatever it was asked for. */
const LONGEST_MS = 3_600_000
/** What the C library, C++ and TensorFlow say last where they can start no thread. */
const NO_THREAD = /pthread_create|Resource temporarily unavailable/

/** Where this process listens for a debugger, so do those that it starts, each on a port that is free and that it says. */
const DEBUGGED = process.execArgv.some((argument) => argument.startsWith('--inspect')) ? ['--inspect=127.0.0.1:0'] : []

const running = new Set<ChildProcess>()
process.on('exit', killRunning)

/** Ends what runs apart, for an end of this process that does so in no other way. */
export function killRunning (): void {
  for (const child of running) child.kill('SIGKILL')
}

export interface ApartOptions {
  /** Names it in messages: "the process that trains". */
  readonly name: string
  /** The file of its program, which calls `beginApart`, and the program's arguments. */
  readonly program: readonly [file: string, ...args: string[]]
  /** How it is talked to: by Node's messages, which are values of any kind, or by bytes. */
  readonly channel: 'ipc' | 'pipe'
  /** An open file that it has next to the channel. */
  readonly inherits?: number | undefined
  /** Added to this process's environment. */
  readonly environment?: Readonly<Record<string, string>> | undefined
  /** Lines that are not passed on of what it writes to its standard output and error. */
  readonly omit?: RegExp | undefined
  /** Ends it, with the signal's reason. */
  readonly signal?: AbortSignal | undefined
  /** Time in which its program begins. */
  readonly beginLimitMs?: number | undefined
}

interface Exchange<Reply> {
  readonly limitMs: number
  readonly resolve: (reply: Reply) => void
  readonly reject: (reason: Error) => void
}

/**
 * A program of this project that runs in a Node process of its own, from its start to its end. Who extends it knows what goes over
 * the channel: sends what is asked with `ask`, and hands over what comes back with `receive`. Signals to this process's group (a
 * terminal's Ctrl-C and hang-up) are kept from it, and so is what Node was told by NODE_OPTIONS or on the command line, such as to
 * wait for a debugger; to listen for one it may. What it writes to its standard output and error goes to this process's standard
 * error, line by line, and never has to wait for whoever reads that. It ends with this process.
 */
export abstract class Apart<Reply> {
  /** Resolves with the reason when the process is gone, for whichever it was. */
  readonly ended: Promise<Error>
  /** Undefined where the system did not start it. */
  protected readonly child: ChildProcess | undefined
  /** Undefined where it has none: the system did not start it, or it is talked to in another way. */
  protected readonly pipe: Pipe | undefined
  /** Those that wait for their replies, in the order of these. */
  private readonly exchanges: Array<Exchange<Reply>> = []
  private readonly watchdog = new Watchdog((limitMs) => { this.kill(this.late(limitMs)) })
  private hasBegun = false
  private lacksThreads = false
  private reason: Error | undefined
  private cpuSeconds = 0

  protected constructor (private readonly options: ApartOptions) {
    const { name, signal } = options
    let resolveEnded: (reason: Error) => void = () => {}
    this.ended = new Promise((resolve) => { resolveEnded = resolve })
    const abort = (): void => { this.kill(signal?.reason as Error) }
    const end = (reason: Error): void => {
      signal?.removeEventListener('abort', abort)
      this.fail(reason)
      resolveEnded(this.reason ?? reason)
    }
    try {
      this.pipe = options.channel === 'pipe' ? new Pipe((bytes) => { this.take(bytes) }) : undefined
      this.child = start(options, this.pipe)
    } catch (error) {
      if (error instanceof OperatorError) throw error
      // Some of what the system refuses is thrown, and some is an event.
      end(notStarted(name, error as NodeJS.ErrnoException))
      return
    }
    this.child.on('error', (error) => { end(notStarted(name, error)) })
    this.child.once('close', (code, signalName) => { end(this.endOf(code, signalName)) })
    this.passOn(this.child)
    this.wait()
    signal?.addEventListener('abort', abort, { once: true })
    if (signal?.aborted === true) abort()
  }

  /** What it takes of the machine; nothing where the system does not tell. Of one that is gone the CPU time that was last seen. */
  get usage (): ProcessUsage {
    const { residentBytes, cpuSeconds } = this.child?.pid === undefined || isOver(this.child) ? NO_USAGE : usageOf(this.child.pid)
    this.cpuSeconds = Math.max(this.cpuSeconds, cpuSeconds)
    return { residentBytes, cpuSeconds: this.cpuSeconds }
  }

  /** Lets it end by itself, unless it is at work, and resolves when it is gone. */
  async close (): Promise<void> {
    if (this.exchanges.length > 0) this.kill(this.closed())
    else if (this.options.channel === 'ipc') this.child?.send?.(END, () => {})
    else this.pipe?.end()
    const late = setTimeout(() => { this.kill(this.closed()) }, END_GRACE_MS)
    await this.ended
    clearTimeout(late)
  }

  /** Has this process end, or wait, while that one has nothing to do; it ends with this one either way. */
  hold (isHeld: boolean): void {
    const { child } = this
    const pipes = [child?.stdout, child?.stderr, child?.channel] as ReadonlyArray<Pick<ChildProcess, 'ref' | 'unref'> | null | undefined>
    for (const handle of [child, ...pipes]) isHeld ? handle?.ref() : handle?.unref()
  }

  /** Ends it at once; whoever waits for an answer gets the reason. */
  kill (reason: Error): void {
    this.fail(reason)
    this.child?.kill('SIGKILL')
  }

  /** Resolves when a process that was killed is gone. Rejects if the system cannot end it, as while a driver holds it. */
  async gone (): Promise<void> {
    const timer = new AbortController()
    const stuck = sleep(END_GRACE_MS, undefined, timer).then(() => { throw new Error(`process ${this.child?.pid} cannot be killed`) })
    try {
      await Promise.race([this.ended, stuck])
    } finally {
      timer.abort()
      stuck.catch(() => {})
    }
  }

  /**
   * Resolves with the reply to what `send` puts into the channel. Several may wait, and take turns. Rejects with the reason if the
   * process ends before it answers, or does not within `limitMs` from when its turn comes.
   */
  protected ask (send: () => void, limitMs = LONGEST_MS): Promise<Reply> {
    return new Promise((resolve, reject) => {
      if (this.reason !== undefined) return reject(this.reason)
      send()
      this.exchanges.push({ limitMs, resolve, reject })
      if (this.exchanges.length === 1) this.wait()
    })
  }

  /** Called with the bytes that come over the pipe, which lie there until it returns. */
  protected take (_bytes: Uint8Array<ArrayBuffer>): void {}

  /** To be called with whatever comes over the channel. The first says that the program runs, the others are replies in their order. */
  protected receive (reply: Reply): void {
    if (this.hasBegun) {
      const exchange = this.exchanges.shift()
      if (exchange === undefined) return this.distrust('nothing was asked')
      exchange.resolve(reply)
    }
    this.hasBegun = true
    this.wait()
  }

  /** Ends it at once, since it sent something else than replies. */
  protected distrust (why: string, options?: ErrorOptions): void {
    this.kill(new ProcessFailure('unintelligible', `${this.options.name} sent what is no reply: ${why}`, undefined, options))
  }

  private passOn ({ stdout, stderr }: ChildProcess): void {
    for (const output of [stdout, stderr]) {
      if (output === null || output === undefined) continue
      eachLine(output, (line) => {
        if (this.options.omit?.test(line) === true) return
        this.lacksThreads ||= NO_THREAD.test(line)
        writeStandardError(`${line}\n`)
      })
    }
  }

  /** For the program to begin, and then for the answer to what was asked first. */
  private wait (): void {
    const { beginLimitMs = BEGIN_LIMIT_MS } = this.options
    this.watchdog.start(this.hasBegun ? this.exchanges[0]?.limitMs : beginLimitMs)
  }

  private late (limitMs: number): ProcessFailure {
    const { name } = this.options
    const time = limitMs < 10_000 ? `${limitMs} ms` : `${limitMs / 1000} s`
    return this.hasBegun
      ? new ProcessFailure('late', `${name} did not answer within ${time}: it hangs`)
      : new ProcessFailure('not begun', `${name} did not begin within ${time}, as where it can start no threads`, MORE_THREADS)
  }

  private closed (): Error {
    return new Error(`${this.options.name} was closed`)
  }

  private endOf (code: number | null, signal: NodeJS.Signals | null): ProcessFailure {
    const { name } = this.options
    if (!this.lacksThreads || signal === null) return endOf(name, code, signal)
    return new ProcessFailure('out of threads', `${name} could start no more threads`, MORE_THREADS)
  }

  /** The first reason is the one that counts. */
  private fail (reason: Error): void {
    this.watchdog.stop()
    this.reason ??= reason
    for (const { reject } of this.exchanges.splice(0)) reject(this.reason)
  }
}

function start ({ program, environment, inherits }: ApartOptions, pipe: Pipe | undefined): ChildProcess {
  const { NODE_OPTIONS: _options, ...inherited } = process.env
  try {
    const child = spawn(process.execPath, [...DEBUGGED, ...program], {
      // A group of its own, from before it handles any signal.
      detached: true,
      env: { ...inherited, ...environment },
      serialization: 'advanced',
      stdio: ['ignore', 'pipe', 'pipe', pipe?.other ?? 'ipc', ...inherits === undefined ? [] : [inherits]]
    })
    running.add(child)
    child.once('close', () => { running.delete(child) })
    return child
  } finally {
    pipe?.closeOther()
  }
}

function isOver ({ exitCode, signalCode }: ChildProcess): boolean {
  return (exitCode ?? signalCode) !== null
}
