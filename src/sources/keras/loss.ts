import { MAX_JSON_BYTES } from '../files/limits.js'

/** What a training's loss says of the values that it was computed from. */
export interface Loss {
  /** As the file has it. */
  readonly name: string
  /** What it compares: numbers, labels that are independent of each other, or classes that exclude each other. */
  readonly of: 'numbers' | 'labels' | 'classes'
  /** Whether the values are logits; undefined where it does not say so. */
  readonly fromLogits: boolean | undefined
}

/** By their names in small letters without underscores, which the classes and the functions share. */
const LOSSES: ReadonlyMap<string, Loss['of']> = new Map([
  ...[
    'mse', 'meansquarederror', 'mae', 'meanabsoluteerror', 'mape', 'meanabsolutepercentageerror', 'msle', 'meansquaredlogarithmicerror',
    'huber', 'huberloss', 'logcosh', 'poisson', 'tweedie', 'smoothl1', 'smoothl1loss', 'rmse', 'rootmeansquarederror', 'pinballloss'
  ].map((name) => [name, 'numbers'] as const),
  ...['bce', 'binarycrossentropy', 'binaryfocalcrossentropy', 'sigmoidfocalcrossentropy'].map((name) => [name, 'labels'] as const),
  ...['categoricalcrossentropy', 'sparsecategoricalcrossentropy', 'categoricalfocalcrossentropy'].map((name) => [name, 'classes'] as const)
])

/**
 * The loss of one output by what a file keeps of its training (`compile_config` of Keras 3, `training_config` of Keras 2); undefined where
 * that says none that is known. `names` are those of all outputs, in order, each by its layer or its key.
 */
export function lossOf (training: unknown, names: ReadonlyArray<readonly string[]>, served: number): Loss | undefined {
  const stated = parsed(training)
  const loss = isRecord(stated) ? stated.loss : undefined
  const own = isRecord(loss) && !('class_name' in loss)
    ? names[served]?.map((name) => loss[name]).find((entry) => (entry ?? null) !== null)
    : Array.isArray(loss) ? loss[served] as unknown : loss
  return readLoss(own)
}

function readLoss (loss: unknown): Loss | undefined {
  if (typeof loss === 'string') return named(loss, undefined)
  if (!isRecord(loss)) return undefined
  // A function is an object around its name.
  if (typeof loss.config === 'string') return named(loss.config, undefined)
  const config = isRecord(loss.config) ? loss.config : {}
  const fromLogits = typeof config.from_logits === 'boolean' ? config.from_logits : undefined
  return [loss.class_name, config.fn, config.name].map((name) => named(name, fromLogits)).find((one) => one !== undefined)
}

function named (name: unknown, fromLogits: boolean | undefined): Loss | undefined {
  const of = typeof name === 'string' ? LOSSES.get(name.toLowerCase().replace(/^.*>/, '').replaceAll('_', '')) : undefined
  return of === undefined ? undefined : { name: String(name), of, fromLogits }
}

/** An optimizer's settings may be NaN or Infinity, which Python writes into JSON; a text that is damaged says nothing. */
function parsed (training: unknown): unknown {
  if (typeof training !== 'string' || training.length > MAX_JSON_BYTES) return training
  try {
    return JSON.parse(training.replace(/-?\b(?:NaN|Infinity)\b/g, 'null'))
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

function isRecord (value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
