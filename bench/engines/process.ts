import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Reply, Request } from './child.js'
import type { EngineOptions } from './engine.js'

const CHILD = fileURLToPath(new URL('./child.js', import.meta.url))

/** An engine in its own process. It computes only while `run` is awaited. */
export class EngineProcess {
  private constructor (private readonly child: ChildProcess, readonly version: string) {}

  /** Rejects with what the child said if it cannot start. */
  static async start (options: EngineOptions): Promise<EngineProcess> {
    const child = fork(CHILD, { serialization: 'advanced' })
    const reply = await ask(child, { kind: 'start', options })
    if (reply.kind !== 'started') throw new Error('the engine did not say that it started')
    return new EngineProcess(child, reply.version)
  }

  /** Runs the same batch several times; milliseconds a batch, and the output, [batch, classes]. */
  async run (batchSize: number, repeats: number): Promise<Extract<Reply, { readonly kind: 'ran' }>> {
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
