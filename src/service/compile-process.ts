import { OperatorError } from '../base/errors.js'
import { cacheKey } from '../compiler/cache-key.js'
import { UnwritableError, writeEntry } from '../compiler/cache.js'
import { compile, type ModelTarget, type Target } from '../compiler/index.js'
import type { Model } from '../model/model.js'
import type { Weights } from '../model/weights.js'
import { quantizationOf } from '../quantize/from-statistics.js'
import { openModel, type OpenSettings } from '../sources/open.js'

/* Runs in a process of its own, which opens a model, compiles it and ends: see `compiledModel`. */

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

/** The folder takes nothing; `code` is the system's. */
export interface Unwritable {
  readonly code: string
}

/** Gives nothing once the graph is in its folder. */
export async function compileTo (order: CompileOrder): Promise<Unwritable | undefined> {
  try {
    await carryOut(order)
    return undefined
  } catch (error) {
    if (error instanceof UnwritableError) return { code: error.code }
    throw error
  }
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
