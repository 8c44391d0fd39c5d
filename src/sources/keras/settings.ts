import { Type, type Static, type TSchema } from '../../base/typebox.js'
import { describe, parsePart, refuse } from './refusal.js'
import type { FlatLayer } from './flatten.js'
import type { Shape } from '../../model/network.js'

const Side = Type.Integer({ minimum: 1, maximum: 10_000 })
/** One number for height and width, or both. */
export const Sides = Type.Union([Side, Type.Tuple([Side, Side])])
export const Padding = Type.Union([Type.Literal('valid'), Type.Literal('same')])
export const Count = Type.Integer({ minimum: 1, maximum: 1_000_000 })

/** What a layer computes: its class, or the function of TensorFlow's that it is. */
export function functionOf ({ className, config }: Pick<FlatLayer, 'className' | 'config'>): string {
  return className === 'TFOpLambda' ? String(config.function).replace(/^compat\.v1\./, '') : className
}

/** A setting, which Keras 3 keeps in the configuration of a function and Keras 2 among what it is called with. */
export function settingOf ({ config, keywords }: FlatLayer, ...names: readonly string[]): unknown {
  for (const name of names) {
    const value = config[name] ?? keywords[name] ?? null
    if (value !== null) return value
  }
  return undefined
}

/** Axes that a function is of, from 1, without that of the batch; undefined where it does not say them. Throws a WeightsError. */
export function axesOf (layer: FlatLayer, shape: Shape): number[] | undefined {
  const value = settingOf(layer, 'axis', 'axes')
  if (value === undefined) return undefined
  return [value].flat().map((axis) => {
    if (!Number.isInteger(axis)) return refuse(layer, `is along ${JSON.stringify(value)}, and axes are whole numbers`)
    return Number(axis) < 0 ? Number(axis) + shape.length + 1 : Number(axis)
  }).sort()
}

/** Throws a WeightsError if a function is along other axes than the channels. */
export function demandChannelAxis (layer: FlatLayer, shape: Shape): void {
  const axes = axesOf(layer, shape)
  if (axes?.join() === String(shape.length)) return
  refuse(layer, `is along ${axes?.join() ?? 'everything'}, and only the channels are supported`)
}

export type Pair = [height: number, width: number]

/** Height and width of a setting. */
export function pair (value: Static<typeof Sides>): Pair {
  return typeof value === 'number' ? [value, value] : [...value]
}

/** The settings of a layer that a schema names. Throws a WeightsError that names the layer and the first one that is wrong. */
export function settingsOf<S extends TSchema> (layer: FlatLayer, schema: S): Static<S> {
  return parsePart(schema, layer.config, describe(layer))
}

/** Throws a WeightsError that names a setting with another value than those; one that is absent is at its default. */
export function demand (layer: FlatLayer, setting: string, value: unknown, ...supported: readonly unknown[]): void {
  const found = JSON.stringify(value ?? null)
  if (found === 'null' || supported.some((one) => JSON.stringify(one) === found)) return
  refuse(layer, `has ${setting} ${found}, and only ${supported.map((one) => JSON.stringify(one)).join(' or ')} is supported`)
}

/** Throws a WeightsError if a layer computes with channels first. */
export function demandChannelsLast (layer: FlatLayer): void {
  demand(layer, 'data_format', layer.config.data_format, 'channels_last')
}

/** Throws a WeightsError if an axis, counted with the batch dimension, is not that of the channels. */
export function demandLastAxis (layer: FlatLayer, axis: unknown, shape: Shape): void {
  demand(layer, 'axis', axis, -1, [-1], shape.length, [shape.length])
}
