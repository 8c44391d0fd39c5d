import '../../base/say-begun.js'
import { endWithParent } from '../../base/end-now.js'
import { leaveSignalsToParent } from '../../base/signals.js'
import type { Reply, Request } from './protocol.js'
import * as worker from './worker.js'

/* The process that trains: it does what its parent asks, one thing after the other, until the parent is gone. */

async function answer ({ method, argument }: Request): Promise<Reply> {
  try {
    return { result: await (worker[method] as (argument: unknown) => unknown)(argument) }
  } catch (error) {
    const { message, stack } = error as Error
    return { error: message, stack }
  }
}

leaveSignalsToParent()
endWithParent()
process.on('disconnect', () => { process.exit(0) })
process.on('message', async (request: Request) => { process.send?.(await answer(request)) })
