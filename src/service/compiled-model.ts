import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { BEGUN, notStarted, watchBeginning } from '../base/beginning.js'
import { OperatorError } from '../base/errors.js'
import { describeEnd } from '../base/process-end.js'
import { APART } from '../base/signals.js'
import { cacheKey } from '../compiler/cache-key.js'
import { findOrMake, UnwritableError, type CompiledModel } from '../compiler/cache.js'
import type { ModelTarget } from '../compiler/index.js'
import type { Model } from '../model/model.js'
import { passOnWithoutNotices } from '../engine/notices.js'
import type { CompileFailure, CompileOrder, CompileReply, CompileSettings } from './compile-process.js'

const NAME = 'The process that compiles the model'
const COMPILE_PROCESS = new URL('./compile-process.js', import.meta.url)

/**
 * Takes a model from the cache, or has a process of its own compile it: the event loop stays free, the weights and the
 * readers' memory are the system's again afterwards (a thread would leave the allocator with them), and a compiler that
 * runs out of memory takes nothing with it. `settings` are what the model was opened with; `onStep` is told in words what
 * is waited for. Rejects with an OperatorError if that cannot be.
 */
export async function compiledModel (
  settings: CompileSettings, model: Model, target: ModelTarget, onStep?: (step: string) => void
): Promise<CompiledModel> {
  const key = await cacheKey(model, target)
  const onWait = (): void => onStep?.('waiting for another process that compiles this model')
  return await findOrMake(key, { cacheDir: settings.cacheDir, maxBytes: settings.cacheMaxBytes, onWait }, async (folder, signal) => {
    onStep?.('compiling the model')
    await compileApart({ settings, target, key, folder }, signal)
  })
}

/** The lock is held here, where the event loop is free to renew it, and the other process only computes. */
async function compileApart (order: CompileOrder, signal: AbortSignal): Promise<void> {
  const child = fork(COMPILE_PROCESS, { stdio: ['ignore', 'ignore', 'pipe', 'ipc'], ...APART })
  passOnWithoutNotices(child)
  const kill = (): void => { child.kill('SIGKILL') }
  signal.addEventListener('abort', kill, { once: true })
  process.once('exit', kill)
  try {
    const reply = await replyOf(child, order)
    signal.throwIfAborted()
    if ('failure' in reply) throw failureOf(reply)
  } finally {
    signal.removeEventListener('abort', kill)
    process.removeListener('exit', kill)
  }
}

/** Resolves when the process has ended, so that nothing writes to the folder any more. */
async function replyOf (child: ChildProcess, order: CompileOrder): Promise<CompileReply> {
  let reply: CompileReply | undefined
  let late: Error | undefined
  watchBeginning(child, NAME, (reason) => { late = reason })
  child.on('message', (message) => { if (message !== BEGUN) reply = message as CompileReply })
  // An order that does not arrive shows in the way the process ends.
  child.send(order, () => {})
  // Either may come first; a reply comes before the channel is closed.
  const ends = Promise.all([once(child, 'exit'), once(child, 'disconnect')])
  const [[code, endSignal]] = await ends.catch((error: Error) => { throw notStarted(NAME, error) })
  if (reply !== undefined) return reply
  if (late !== undefined) throw late
  throw new OperatorError(`${NAME} ${describeEnd(code, endSignal)} before it was done`)
}

function failureOf ({ failure, code, message, stack }: CompileFailure): Error {
  switch (failure) {
    case 'operator': return new OperatorError(message)
    case 'unwritable': return new UnwritableError(code)
    case 'unexpected': return Object.assign(new Error(message), { stack })
  }
}
