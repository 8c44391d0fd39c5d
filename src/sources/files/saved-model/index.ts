import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { OperatorError } from '../../../base/errors.js'
import { existing, ifThere } from '../../../base/existing.js'
import { WeightsError } from '../../../model/weights.js'
import { explained } from '../explained.js'
import { MAX_TOTAL_BYTES } from '../limits.js'
import { SAVED_MODEL_FILE } from '../identify.js'
import type { ServedGraph, StoredModel, StoredWeight } from '../stored.js'
import { openTensorBundle, variableFiles, variablesOf, type TensorBundle } from '../tensor-bundle.js'
import { GraphOps } from './graph.js'
import { TYPES, type MetaGraph, type Shape, type Signature } from './graph-messages.js'
import { decodeSavedModel } from './messages.js'
import { restoredKeys } from './variables.js'

const NOT_WHOLE = 'is not a whole SavedModel'
const SERVING_TAG = 'serve'
/** What TensorFlow Serving asks for, and what Keras 3 calls it besides. */
const SERVING_SIGNATURES = ['serving_default', 'serve']
const VARIABLES = new Set(['VarHandleOp', 'VariableV2'])

/**
 * Opens a SavedModel as `model.export`, `tf.saved_model.save` and TensorFlow 1 write it: a graph of operations and its variables.
 * Throws a WeightsError if a part is missing or damaged, or if it is not fed with numbers.
 */
export async function openSavedModel (folder: string): Promise<StoredModel> {
  const graph = await explained(folder, NOT_WHOLE, async () => {
    const path = join(folder, SAVED_MODEL_FILE)
    if ((await stat(path)).size > MAX_TOTAL_BYTES) throw new OperatorError('its graph is absurdly large')
    const meta = metaGraphOf(decodeSavedModel(await readFile(path)))
    const prefix = variablesOf(folder)
    return servedGraph(meta, await existing(`${prefix}.index`) === undefined ? undefined : await openTensorBundle(prefix))
  })
  return { kind: 'saved-model', config: undefined, kerasVersion: undefined, layers: [], graph, close: async () => {} }
}

/** The files that decide what the model is. Throws a WeightsError as `openSavedModel` does. */
export async function savedModelFiles (folder: string): Promise<string[]> {
  return [join(folder, SAVED_MODEL_FILE), ...await ifThere(folder, () => variableFiles(folder)) ?? []]
}

function metaGraphOf (metaGraphs: readonly MetaGraph[]): MetaGraph {
  const served = metaGraphs.find(({ info }) => info?.tags.includes(SERVING_TAG)) ?? metaGraphs[0]
  return served ?? fail('it holds no graph')
}

function servedGraph (meta: MetaGraph, bundle: TensorBundle | undefined): ServedGraph {
  const { inputs, outputs } = signatureOf(meta)
  const [input, ...others] = Object.values(inputs)
  if (input === undefined || others.length > 0) {
    return fail(`its signature has ${Object.keys(inputs).length} inputs, and an image classifier has one`)
  }
  if (input.dtype === TYPES.string) {
    return fail('its signature takes texts, as encoded pictures are, and pixels are needed: export one that takes [any, height, width, 3]')
  }
  const ops = new GraphOps(meta.graph?.nodes ?? [], meta.graph?.library?.functions ?? [])
  const keys = restoredKeys(meta)
  const byName = Object.entries(outputs).sort(([left], [right]) => left.localeCompare(right, 'en', { numeric: true }))
  return {
    input: ops.tensor(input.name ?? '').op,
    inputShape: shapeOf(input.shape),
    outputs: new Map(byName.map(([name, output]) => [name, ops.tensor(output.name ?? '')])),
    variable: (op) => VARIABLES.has(op.op) && bundle !== undefined ? variableOf(bundle, keys.get(op.name) ?? op.name, op.name) : undefined
  }
}

/** Throws a WeightsError if its file does not hold what is claimed. */
function variableOf (bundle: TensorBundle, key: string, name: string): StoredWeight | undefined {
  try {
    return bundle.weight(key, name)
  } catch (error) {
    throw error instanceof OperatorError ? new WeightsError(error.message, { cause: error }) : error
  }
}

function signatureOf ({ signatures }: MetaGraph): Signature {
  const names = Object.keys(signatures).filter((name) => !name.startsWith('__'))
  const name = SERVING_SIGNATURES.find((wanted) => names.includes(wanted)) ?? (names.length === 1 ? names[0] : undefined)
  const signature = name === undefined ? undefined : signatures[name]
  return signature ?? fail(names.length === 0
    ? 'it has no signature, so nothing says what it is fed and what it gives: export it with model.export'
    : `it has the signatures ${names.join(', ')}, and serving_default is needed`)
}

function shapeOf (shape: Shape | undefined): Array<number | null> | undefined {
  if (shape === undefined || shape.isUnknown === true) return undefined
  return (shape.dimensions ?? []).map(({ size = 0 }) => size < 0 ? null : size)
}

function fail (reason: string): never {
  throw new OperatorError(reason)
}
