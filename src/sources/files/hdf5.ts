import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { judged } from '../../base/content.js'
import { OperatorError } from '../../base/errors.js'
import { notStarted, watchBeginning } from '../../base/beginning.js'
import { describeEnd } from '../../base/process-end.js'
import { APART } from '../../base/signals.js'
import { explained } from './explained.js'
import type { Listing } from './hdf5-layouts.js'
import type { Hdf5Reply, Hdf5Request } from './hdf5-process.js'
import type { StoredModel } from './stored.js'

/** Opening and each weight take milliseconds from a disk; only a file made to hang the library takes longer. */
const STEP_TIMEOUT_MS = 60_000
const NAME = 'the process that reads it'
const WHAT = 'cannot be read as Keras weights in HDF5'

/**
 * Opens an HDF5 file that Keras wrote: legacy weights, a whole legacy model, or Keras 3's `.weights.h5`. `shownPath` stands
 * in messages. The library runs in a process of its own until `close`: a file that breaks it or makes it hang does no harm,
 * and its memory is given back. Throws a WeightsError if the file is damaged, claims sizes that it cannot hold or is not
 * Keras's; `read` does for weights that are not floats.
 */
export async function openHdf5 (path: string, shownPath = path): Promise<StoredModel> {
  const library = new LibraryProcess()
  const ask = async <T>(request: Hdf5Request): Promise<T> => await explained(shownPath, WHAT, async () => await library.ask(request) as T)
  try {
    const { layers, config, ...listing } = await ask<Listing>({ open: resolve(path) })
    return {
      ...listing,
      config: config === undefined
        ? undefined
        : await explained(shownPath, 'has a damaged model_config', async () => judged(() => JSON.parse(config) as unknown)),
      layers: layers.map(({ path, weights }) => ({
        path,
        weights: weights.map(({ name, shape, dataset }) => ({ name, shape, read: () => ask<Float32Array>({ read: dataset }) }))
      })),
      close: () => library.close()
    }
  } catch (error) {
    await library.close()
    throw error
  }
}

/**
 * The HDF5 library in another process. Not in a thread: V8 keeps the code between WebAssembly and JavaScript for all threads
 * of a process, and up to 13.6 (Node 24) frees it too early when a thread has ended and the next one runs the same library
 * (https://github.com/nodejs/node/issues/64500).
 */
class LibraryProcess {
  private readonly child: ChildProcess
  private readonly ended = new AbortController()
  private last: Promise<unknown>

  constructor () {
    this.child = fork(fileURLToPath(new URL('./hdf5-process.js', import.meta.url)), {
      serialization: 'advanced', execArgv: [], stdio: ['ignore', 'ignore', 'ignore', 'ipc'], ...APART
    })
    watchBeginning(this.child, NAME, (reason) => { this.ended.abort(reason) })
    // Why it did not begin is what the first request is answered.
    this.last = once(this.child, 'message', this.ended).catch(() => {})
    this.child.on('error', (error) => { this.ended.abort(notStarted(NAME, error)) })
    this.child.once('exit', (code, signal) => { this.ended.abort(new OperatorError(`${NAME} ${describeEnd(code, signal)}`)) })
  }

  /** Answers one request after the other. Throws an OperatorError if the file does not let it. */
  async ask (request: Hdf5Request): Promise<unknown> {
    const reply = this.last.then(() => this.exchange(request))
    this.last = reply.catch(() => {})
    return await reply
  }

  /** Resolves when the process is gone. */
  async close (): Promise<void> {
    if (this.ended.signal.aborted) return
    const end = once(this.ended.signal, 'abort')
    if (this.child.connected) this.child.disconnect()
    await end
  }

  private async exchange (request: Hdf5Request): Promise<unknown> {
    const timeout = AbortSignal.timeout(STEP_TIMEOUT_MS)
    let reply: Hdf5Reply
    try {
      const message = once(this.child, 'message', { signal: AbortSignal.any([this.ended.signal, timeout]) })
      this.child.send(request)
      reply = (await message)[0] as Hdf5Reply
    } catch (error) {
      this.child.kill('SIGKILL')
      if (timeout.aborted) throw new OperatorError(`it took longer than ${STEP_TIMEOUT_MS / 1000} s`)
      throw this.ended.signal.reason ?? new OperatorError(`${NAME} takes no order: ${(error as Error).message}`, { cause: error })
    }
    if ('error' in reply) throw new OperatorError(reply.error)
    if ('defect' in reply) throw Object.assign(new Error(reply.defect), { stack: reply.stack })
    return reply.value
  }
}
