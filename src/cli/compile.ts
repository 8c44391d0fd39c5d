import { performance } from 'node:perf_hooks'
import type { Config } from '../config.js'
import { chooseBackend } from '../engine/backend.js'
import { compiledModel } from '../service/compiled-model.js'
import { openModel } from '../sources/open.js'
import { showProgress } from '../sources/download-progress.js'
import { chooseComputation } from '../engine/target.js'

/** Compiles a model into the cache and prints the folder of its SavedModel. Throws an Error of one sentence. */
export async function compileModel (config: Config): Promise<void> {
  const startedAt = performance.now()
  const onStep = (step: string): void => { process.stderr.write(`${step}\n`) }
  const model = await openModel(config, await showProgress())
  const { target } = await chooseComputation(config, chooseBackend(config.backend), onStep)
  const { path, fromCache } = await compiledModel(config, model, target, onStep)
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1)
  process.stderr.write(`${model.name}: ${fromCache ? 'it was compiled before' : `compiled in ${seconds} s`}\n`)
  process.stdout.write(`${path}\n`)
}
