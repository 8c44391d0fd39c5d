import { Type } from '../../base/typebox.js'
import { WeightsError } from '../../model/weights.js'
import { MODEL_CLASSES, demandModelClass } from '../files/model-class.js'
import { parsePart } from './refusal.js'
import { callOf, listedLayers, type Call, type Listed } from './inbound.js'

/** One layer of a Keras model's configuration, whatever version wrote it. */
export interface KerasLayer {
  readonly name: string
  readonly className: string
  readonly config: Readonly<Record<string, unknown>>
  /** How it is called; empty in a Sequential, whose layers read the one before. */
  readonly calls: readonly Call[]
  /** Where the layer is a model itself. */
  readonly model: KerasModel | undefined
}

export interface KerasModel {
  readonly kind: 'sequential' | 'functional'
  readonly layers: readonly KerasLayer[]
  /** The layers that are its inputs and outputs; empty for a Sequential. */
  readonly inputs: readonly Listed[]
  readonly outputs: readonly Listed[]
  /** [batch, height, width, channels] where a Sequential was given no input layer; not validated. */
  readonly buildInputShape: unknown
}

/** Models that may nest; more is no model that somebody made. */
const MAX_DEPTH = 16

const Record = Type.Record(Type.String(), Type.Unknown())
const Entry = Type.Object({
  class_name: Type.String(),
  // Keras before 2.2.3 wrote a Sequential's layers as a bare list.
  config: Type.Union([Record, Type.Array(Type.Unknown())]),
  name: Type.Optional(Type.Union([Type.String(), Type.Null()])),
  inbound_nodes: Type.Optional(Type.Array(Type.Unknown())),
  build_config: Type.Optional(Type.Unknown())
})
const ModelFields = Type.Object({
  name: Type.Optional(Type.String()),
  layers: Type.Array(Type.Unknown()),
  input_layers: Type.Optional(Type.Unknown()),
  output_layers: Type.Optional(Type.Unknown()),
  build_input_shape: Type.Optional(Type.Unknown())
})

/**
 * Reads the model configuration of a file by Keras 2, Keras 3 or TensorFlow.js.
 * Throws a WeightsError if it is not a Sequential or functional model, or malformed.
 */
export function parseKerasModel (config: unknown): KerasModel {
  const { model, className } = parseLayer(config, 'the model configuration', 0)
  demandModelClass(className)
  if (model === undefined) throw new WeightsError('the model has no layers')
  return model
}

function parseLayer (value: unknown, what: string, depth: number): KerasLayer {
  if (depth > MAX_DEPTH) throw new WeightsError(`the model configuration nests models more than ${MAX_DEPTH} deep`)
  const entry = parsePart(Entry, value, what)
  const config = Array.isArray(entry.config) ? { layers: entry.config } : entry.config
  const ownName = typeof config.name === 'string' ? config.name : undefined
  const name = entry.name ?? ownName ?? entry.class_name
  const kind = MODEL_CLASSES.get(entry.class_name)
  return {
    name,
    className: entry.class_name,
    config,
    calls: (entry.inbound_nodes ?? []).map((call) => callOf(call)),
    model: kind === undefined ? undefined : parseModel(kind, config, entry.build_config, name, depth)
  }
}

function parseModel (kind: KerasModel['kind'], config: unknown, buildConfig: unknown, name: string, depth: number): KerasModel {
  const fields = parsePart(ModelFields, config, `the model ${name}`)
  return {
    kind,
    layers: fields.layers.map((layer, index) => parseLayer(layer, `the model ${name}: layer ${index + 1}`, depth + 1)),
    inputs: listedLayers(fields.input_layers),
    outputs: listedLayers(fields.output_layers),
    buildInputShape: fields.build_input_shape ?? (buildConfig as { input_shape?: unknown } | null | undefined)?.input_shape
  }
}
