import { Type } from '../../base/typebox.js'
import type { Operation, Shape } from '../../model/network.js'
import { sizeOf } from '../../model/weights.js'
import type { FlatLayer } from './flatten.js'
import { refuse } from './refusal.js'
import { Padding, Sides, demandChannelsLast, demandLastAxis, functionOf, pair, settingOf, settingsOf } from './settings.js'
import { isSlice, sliceOperation } from './slices.js'

const Pooling = Type.Object({
  pool_size: Sides,
  strides: Type.Optional(Type.Union([Sides, Type.Null()])),
  padding: Type.Optional(Padding)
})
const GlobalPooling = Type.Object({ keepdims: Type.Optional(Type.Boolean()) })
const Edge = Type.Integer({ minimum: 0, maximum: 10_000 })
const Edges = Type.Tuple([Edge, Edge])
const ZeroPadding = Type.Object({ padding: Type.Union([Edge, Edges, Type.Tuple([Edges, Edges])]) })
const Target = Type.Array(Type.Integer({ minimum: -1, maximum: 1_000_000 }), { minItems: 1, maxItems: 4 })

/**
 * What a layer without weights does to the shape of its input: pooling, padding, slicing, reshaping; undefined where it is of another kind.
 * Throws a WeightsError that names the layer and the setting that is not supported.
 */
export function mapOperation (layer: FlatLayer, shape: Shape): Operation | undefined {
  if (isSlice(layer)) return sliceOperation(layer, shape)
  switch (layer.className) {
    case 'MaxPooling2D': return { kind: 'maxPooling', ...poolOf(layer) }
    case 'AveragePooling2D': return { kind: 'averagePooling', ...poolOf(layer) }
    case 'GlobalAveragePooling2D': return { kind: 'globalAveragePooling', keepDimensions: keepsDimensions(layer) }
    case 'GlobalMaxPooling2D': return { kind: 'globalMaxPooling', keepDimensions: keepsDimensions(layer) }
    case 'ZeroPadding2D': return zeroPadding(layer)
    case 'Flatten':
      demandChannelsLast(layer)
      return { kind: 'flatten' }
    case 'Reshape': return reshape(layer, shape)
    case 'TFOpLambda': return functionOf(layer) === 'reshape' ? reshape(layer, shape) : undefined
    case 'UnitNormalization':
      demandLastAxis(layer, layer.config.axis, shape)
      return { kind: 'unitNormalization' }
    default: return undefined
  }
}

const CONCATENATIONS = new Set(['Concatenate', 'concat'])

/** Whether a layer joins the channels of several. Throws a WeightsError if it joins along another axis. */
export function isConcatenation (layer: FlatLayer, shape: Shape): boolean {
  if (!CONCATENATIONS.has(functionOf(layer))) return false
  demandLastAxis(layer, settingOf(layer, 'axis'), shape)
  return true
}

function poolOf (layer: FlatLayer) {
  demandChannelsLast(layer)
  const { pool_size: size, strides, padding = 'valid' } = settingsOf(layer, Pooling)
  return { size: pair(size), strides: pair(strides ?? size), padding }
}

function keepsDimensions (layer: FlatLayer): boolean {
  demandChannelsLast(layer)
  return settingsOf(layer, GlobalPooling).keepdims ?? false
}

function zeroPadding (layer: FlatLayer): Operation {
  demandChannelsLast(layer)
  const { padding } = settingsOf(layer, ZeroPadding)
  const [rows, columns] = typeof padding === 'number' ? [padding, padding] : padding
  const [top, bottom] = typeof rows === 'number' ? [rows, rows] : rows
  const [left, right] = typeof columns === 'number' ? [columns, columns] : columns
  return { kind: 'zeroPadding', top, bottom, left, right }
}

/** Keras's layer leaves the batch out of its target; the functions have it first. */
function reshape (layer: FlatLayer, shape: Shape): Operation {
  const stated = layer.config.target_shape ?? layer.config.newshape ?? layer.keywords.shape
  const target = settingsOf({ ...layer, config: { target_shape: stated } }, Type.Object({ target_shape: Target })).target_shape
  const sides = layer.config.target_shape === undefined ? target.slice(1) : target
  const size = sizeOf(shape)
  const known = sizeOf(sides.filter((side) => side !== -1))
  const resolved = sides.map((side) => side === -1 ? size / known : side)
  const [height, width, channels] = resolved
  const isWhole = resolved.every((side) => Number.isInteger(side) && side > 0) && sides.filter((side) => side === -1).length < 2
  const fits = isWhole && sizeOf(resolved) === size
  if (fits && height !== undefined && resolved.length === 1) return { kind: 'reshape', shape: [height] }
  if (fits && height !== undefined && width !== undefined && channels !== undefined && resolved.length === 3) {
    return { kind: 'reshape', shape: [height, width, channels] }
  }
  return refuse(
    layer, `reshapes ${shape.join('x')} to [${target.join(', ')}], and a vector or [height, width, channels] of as many numbers is needed`
  )
}
