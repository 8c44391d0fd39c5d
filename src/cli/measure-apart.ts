import { fork } from 'node:child_process'
import { once } from 'node:events'
import { BEGUN, watchBeginning } from '../base/beginning.js'
import { describeEnd } from '../base/process-end.js'
import { OperatorError } from '../base/errors.js'
import type { Config } from '../config.js'
import { passOnWithoutNotices } from '../engine/notices.js'
import type { Reply } from './measure-process.js'
import type { Speed } from './measure.js'

const MEASURE_PROCESS = new URL('./measure-process.js', import.meta.url)

/** As `measureSpeed`, in a process of its own, whose standard error is passed on without TensorFlow's notices. */
export async function measureApart (configs: readonly Config[]): Promise<Speed[]> {
  const child = fork(MEASURE_PROCESS, { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] })
  let reply: Reply | undefined
  let late: Error | undefined
  watchBeginning(child, 'The process that measures', (reason) => { late = reason })
  child.on('message', (message) => { if (message !== BEGUN) reply = message as Reply })
  passOnWithoutNotices(child)
  // An order that does not arrive shows in the way the process ends.
  child.send(configs, () => {})
  const [code, signal] = await once(child, 'close') as [number | null, NodeJS.Signals | null]
  if (late !== undefined) throw late
  if (reply === undefined) {
    throw new OperatorError(`The process that measures ${describeEnd(code, signal)} before it was done`)
  }
  if ('failure' in reply) throw new OperatorError(reply.failure)
  if ('defect' in reply) throw Object.assign(new Error(reply.defect), { stack: reply.stack })
  return reply.speeds
}
