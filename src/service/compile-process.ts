import '../base/say-begun.js'
import { OperatorError } from '../base/errors.js'
import { leaveSignalsToParent } from '../base/signals.js'
import { cacheKey } from '../compiler/cache-key.js'
import { UnwritableError, writeEntry } from '../compiler/cache.js'
import { compile, type ModelTarget, type Target } from '../compiler/index.js'
import type { Model } from '../model/model.js'
import type { Weights } from '../model/weights.js'
import { quantizationOf } from '../quantize/from-statistics.js'
import { openModel, type OpenSettings } from '../sources/open.js'

/* A process of its own that opens a model, compiles it and ends: see `compiledModel`, which sends it one order. */

export interface CompileSettings extends OpenSettings {
  /** Most that compiled models take in the cache. */
  readonly cacheMaxBytes: number
}

export interface CompileOrder {
  readonly settings: CompileSettings
  readonly target: ModelTarget
  /** What the model's cache key has to be. */
  readonly key: string
  /** Where the graph goes. */
  readonly folder: string
}

export type CompileReply = { readonly done: true } | CompileFailure

export interface CompileFailure {
  readonly failure: 'operator' | 'unwritable' | 'unexpected'
  /** The system's, of what cannot be written. */
  readonly code: string
  readonly message: string
  readonly stack: string
}

async function carryOut ({ settings, target, key, folder }: CompileOrder): Promise<void> {
  const model = await openModel(settings)
  if (await cacheKey(model, target) !== key) {
    throw new OperatorError(`MODEL=${settings.model} changed while it was compiled: start again`)
  }
  const { network } = model
  const weights = await model.readWeights()
  await writeEntry(folder, compile({ network, weights, ...await targetFor(model, weights, target) }))
}

/** With the model's own quantization, or else the one that its batch normalizations tell. */
async function targetFor (model: Model, weights: Weights, { precision, ownKernels, quantized = false }: ModelTarget): Promise<Target> {
  if (!quantized) return { precision, ownKernels }
  return { precision, ownKernels, quantization: await model.readQuantization?.() ?? quantizationOf(model.network, weights) }
}

function failureOf (error: Error): CompileFailure {
  const failure = error instanceof OperatorError ? 'operator' : error instanceof UnwritableError ? 'unwritable' : 'unexpected'
  return { failure, code: error instanceof UnwritableError ? error.code : '', message: error.message, stack: error.stack ?? '' }
}

async function replyTo (order: CompileOrder): Promise<CompileReply> {
  try {
    await carryOut(order)
    return { done: true }
  } catch (error) {
    return failureOf(error as Error)
  }
}

leaveSignalsToParent()
// Who ordered it is gone, and nobody would publish what this makes.
process.once('disconnect', () => { process.exit(1) })
process.once('message', async (order: CompileOrder) => {
  process.send?.(await replyTo(order), () => { process.exit(0) })
})
