import { callApart } from '../base/apart/module-apart.js'
import { cacheKey } from '../compiler/cache-key.js'
import { findOrMake, UnwritableError, type CompiledModel } from '../compiler/cache.js'
import type { ModelTarget } from '../compiler/index.js'
import type { Model } from '../model/model.js'
import type * as CompileProcess from './compile-process.js'
import type { CompileSettings } from './compile-process.js'

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
    const order = { settings, target, key, folder }
    // The lock is held here, where the event loop is free to renew it, and the other process only computes.
    const options = { name: 'The process that compiles the model', signal }
    const problem = await callApart<typeof CompileProcess, 'compileTo'>(COMPILE_PROCESS, 'compileTo', [order], options)
    signal.throwIfAborted()
    if (problem !== undefined) throw new UnwritableError(problem.code)
  })
}
