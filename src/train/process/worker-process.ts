import { endWithParent } from '../../base/end-now.js'
import type { Reply, Request } from './protocol.js'
import * as worker from './worker.js'

/* The process that trains: it does what its parent asks, one thing after the other, until the parent is gone. */

async function answer ({ method, argument }: Request): Promise<Reply> {
  try {
    return { result: await (worker[method] as (argument: unknown) => unknown)(argument) }
  } catch (error) {
    return { error: (error as Error).message }
  }
}

// Signals to a whole group are the parent's, which writes what there is first.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {})
endWithParent()
process.on('disconnect', () => { process.exit(0) })
process.on('message', async (request: Request) => { process.send?.(await answer(request)) })
