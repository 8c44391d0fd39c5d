import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Reply, Request } from './child.js'
import type { EngineOptions, Runs, TimedEngine } from './engine.js'

const CHILD = fileURLToPath(new URL('./child.js', import.meta.url))

/** One of Node's engines. */
export class ContestantProcess implements TimedEngine {
  private constructor (private readonly child: ChildProcess, readonly version: string) {}

  /** Rejects with what the child said if it cannot start. `before` is a command that starts Node, such as one that pins it to CPUs. */
  static async start (options: EngineOptions, before: readonly string[] = []): Promise<ContestantProcess> {
    const [execPath = process.execPath, ...execArgv] = [...before, process.execPath]
    const child = fork(CHILD, { execPath, execArgv, serialization: 'advanced' })
    const reply = await ask(child, { kind: 'start', options })
    if (reply.kind !== 'started') throw new Error('the engine did not say that it started')
    return new ContestantProcess(child, reply.version)
  }

  async run (batchSize: number, repeats: number): Promise<Runs> {
    const reply = await ask(this.child, { kind: 'run', batchSize, repeats })
    if (reply.kind !== 'ran') throw new Error('the engine did not say that it ran')
    return reply
  }

  async stop (): Promise<void> {
    const exit = once(this.child, 'exit')
    this.child.send({ kind: 'stop' } satisfies Request)
    await exit
  }
}

async function ask (child: ChildProcess, request: Request): Promise<Reply> {
  const ended = new AbortController()
  const exit = once(child, 'exit', { signal: ended.signal }).then(([code]) => {
    throw new Error(`the engine's process ended with ${String(code)}`)
  })
  try {
    const message = once(child, 'message', { signal: ended.signal })
    child.send(request)
    const [reply] = await Promise.race([message, exit]) as [Reply]
    if (reply.kind === 'failed') throw new Error(reply.message)
    return reply
  } finally {
    ended.abort()
    exit.catch(() => {})
  }
}
