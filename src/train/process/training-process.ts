import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { SystemFailure } from '../../base/errors.js'
import { BEGUN, notStarted, watchBeginning } from '../../base/beginning.js'
import { describeEnd } from '../../base/process-end.js'
import { passOnWithoutNotices } from '../../engine/notices.js'
import type { Images, Reply, Request, StepBatch, StepResult, TrainingWorker, VariableValues } from './protocol.js'

const WORKER_PROCESS = fileURLToPath(new URL('./worker-process.js', import.meta.url))

interface Waiting {
  readonly resolve: (result: unknown) => void
  readonly reject: (reason: Error) => void
}

/** The front of the process that trains. Calls may be made ahead; they are done in their order, and rejected once it is gone. */
export class TrainingProcess {
  private readonly child: ChildProcess
  private readonly waiting: Waiting[] = []
  private gone: Error | undefined

  /** `environment` is added to this process's, which is the only way to tell TensorFlow of threads and devices. */
  constructor (environment: Readonly<Record<string, string>>) {
    const { NODE_OPTIONS: _options, ...inherited } = process.env
    this.child = fork(WORKER_PROCESS, {
      env: { ...inherited, ...environment },
      execArgv: [],
      serialization: 'advanced',
      stdio: ['ignore', 'pipe', 'pipe', 'ipc']
    })
    passOnWithoutNotices(this.child)
    watchBeginning(this.child, 'The process that trains', (reason) => { this.fail(reason) })
    this.child.on('message', (reply: Reply | typeof BEGUN) => { if (reply !== BEGUN) this.receive(reply) })
    this.child.once('error', (error) => { this.fail(notStarted('The process that trains', error)) })
    this.child.once('exit', (code, signal) => { this.fail(new SystemFailure(`The process that trains ${describeEnd(code, signal)}`)) })
  }

  async load (folder: string): Promise<void> {
    await this.ask('load', folder)
  }

  async write (values: VariableValues): Promise<void> {
    await this.ask('write', values)
  }

  async read (): Promise<VariableValues> {
    return await this.ask('read') as VariableValues
  }

  async step (batch: StepBatch): Promise<StepResult> {
    return await this.ask('step', batch) as StepResult
  }

  async evaluate (images: Images): Promise<Float32Array<ArrayBuffer>> {
    return await this.ask('evaluate', images) as Float32Array<ArrayBuffer>
  }

  /** Ends it, whatever it is doing, and resolves when it is gone. */
  async close (): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null || this.child.pid === undefined) return
    const ended = once(this.child, 'exit')
    this.child.kill('SIGKILL')
    await ended
  }

  private ask (method: keyof TrainingWorker, argument?: unknown): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.gone !== undefined) {
        reject(this.gone)
        return
      }
      this.waiting.push({ resolve, reject })
      this.child.send({ method, argument } satisfies Request)
    })
  }

  private receive (reply: Reply): void {
    const first = this.waiting.shift()
    if ('error' in reply) first?.reject(Object.assign(new Error(reply.error), { stack: reply.stack }))
    else first?.resolve(reply.result)
  }

  private fail (reason: Error): void {
    this.gone ??= reason
    for (const { reject } of this.waiting.splice(0)) reject(this.gone)
  }
}
