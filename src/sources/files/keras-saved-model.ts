import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import protobuf from 'protobufjs/light.js'
import { judged } from '../../base/content.js'
import { OperatorError } from '../../base/errors.js'
import { explained } from './explained.js'
import { METADATA_FILE } from './identify.js'
import { MAX_JSON_BYTES, MAX_WEIGHTS } from './limits.js'
import type { StoredLayer, StoredModel } from './stored.js'
import { openTensorBundle, variableFiles, variablesOf, type ObjectGraph, type TensorBundle } from './tensor-bundle.js'

const NOT_WHOLE = 'is not a whole SavedModel of Keras'

/** The parts that are read of keras/protobuf/saved_metadata.proto. */
const SavedMetadata = protobuf.Root.fromJSON({
  nested: {
    SavedObject: { fields: { path: { id: 3, type: 'string' }, metadata: { id: 5, type: 'string' } } },
    SavedMetadata: { fields: { nodes: { id: 1, rule: 'repeated', type: 'SavedObject' } } }
  }
}).lookupType('SavedMetadata')

interface SavedObject {
  /** Names of attributes from the model on, joined by dots: `root.layer_with_weights-0`. */
  readonly path: string
  /** JSON. */
  readonly metadata: string
}

type Metadata = Readonly<Record<string, unknown>>

/**
 * Opens the folder that `model.save(folder)` of Keras 2 wrote: a SavedModel beside whose graph there is Keras's configuration.
 * Throws a WeightsError if a part is missing or damaged.
 */
export async function openKerasSavedModel (folder: string): Promise<StoredModel> {
  return await explained(folder, NOT_WHOLE, async () => {
    const objects = await readObjects(join(folder, METADATA_FILE))
    const model = objects.get('root')
    if (typeof model !== 'object' || model === null) throw new OperatorError(`its ${METADATA_FILE} says nothing of the model`)
    const bundle = await openTensorBundle(variablesOf(folder))
    return {
      kind: 'keras-archive',
      config: { class_name: model.class_name, config: model.config ?? {}, build_config: { input_shape: model.build_input_shape } },
      training: model.training_config,
      kerasVersion: typeof model.keras_version === 'string' ? model.keras_version : undefined,
      layers: layersOf(objects, await bundle.graph(), bundle),
      close: async () => {}
    }
  })
}

/** The files that decide what the model is. Throws a WeightsError as `openKerasSavedModel` does. */
export async function kerasSavedModelFiles (folder: string): Promise<string[]> {
  return [join(folder, METADATA_FILE), ...await explained(folder, NOT_WHOLE, () => variableFiles(folder))]
}

async function readObjects (path: string): Promise<ReadonlyMap<string, Metadata | null>> {
  if ((await stat(path)).size > MAX_JSON_BYTES) throw new OperatorError(`its ${METADATA_FILE} is absurdly large`)
  const bytes = await readFile(path)
  const { nodes = [] } = judged(() => SavedMetadata.toObject(SavedMetadata.decode(bytes), { defaults: true }) as {
    nodes?: readonly SavedObject[]
  })
  return new Map(nodes.map(({ path: nodePath, metadata }) => [nodePath, parseMetadata(metadata)]))
}

/** Python writes what is no number into JSON, and Keras tuples and shapes as objects. */
function parseMetadata (json: string): Metadata | null {
  const finite = json.replace(/([[:,]\s*)-?(?:NaN|Infinity)(?=\s*[,}\]])/g, '$1null')
  return judged(() => JSON.parse(finite, (_, value: unknown) => {
    const { class_name: name, items } = (value ?? {}) as { class_name?: unknown, items?: unknown }
    return (name === '__tuple__' || name === 'TensorShape') && Array.isArray(items) ? items as unknown : value
  }) as Metadata | null)
}

/** By the names of the layers, those of nested models joined by slashes. */
function layersOf (objects: ReadonlyMap<string, Metadata | null>, graph: ObjectGraph, { weight }: TensorBundle): StoredLayer[] {
  let count = 0
  return [...objects.keys()].flatMap((nodePath) => {
    const node = nodeAt(graph, nodePath.split('.').slice(1))
    const weights = (node?.children ?? []).flatMap(({ node: id, name }) => {
      const [attribute] = graph.nodes[id]?.attributes ?? []
      return attribute === undefined ? [] : weight(attribute.key, name) ?? []
    })
    count += weights.length
    if (count > MAX_WEIGHTS) throw new OperatorError(`it has more than ${MAX_WEIGHTS} weights`)
    return weights.length === 0 ? [] : [{ path: namePath(objects, nodePath), weights }]
  })
}

function nodeAt (graph: ObjectGraph, names: readonly string[]): ObjectGraph['nodes'][number] | undefined {
  let node = graph.nodes[0]
  for (const name of names) {
    const child = node?.children.find((one) => one.name === name)
    node = child === undefined ? undefined : graph.nodes[child.node]
  }
  return node
}

function namePath (objects: ReadonlyMap<string, Metadata | null>, nodePath: string): string {
  const parts = nodePath.split('.')
  return parts.slice(1).flatMap((_, index) => {
    const name = objects.get(parts.slice(0, index + 2).join('.'))?.name
    return typeof name === 'string' ? [name] : []
  }).join('/')
}
