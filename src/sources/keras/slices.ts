import { Type, Value } from '../../base/typebox.js'
import type { Operation, Shape } from '../../model/network.js'
import { channelsOf } from '../../model/shapes.js'
import type { FlatLayer } from './flatten.js'
import { refuse } from './refusal.js'

const Bound = Type.Optional(Type.Union([Type.Integer(), Type.Null()]))
const Slice = Type.Object({ start: Bound, stop: Bound, step: Bound })
const Keras3Slice = Type.Object({ class_name: Type.Literal('__slice__'), config: Slice })
const Ellipsis = Type.Object({ class_name: Type.Literal('__ellipsis__') })

interface Bounds { readonly start?: number | null, readonly stop?: number | null, readonly step?: number | null }
const WHOLE: Bounds = {}

const NEEDED = 'and only slices with a step of 1 are supported, and single channels'

/** Whether a layer is `x[..., ::-1]`, which turns the channels around. */
export function turnsChannels (layer: FlatLayer, rank: number): boolean {
  if (!isSlice(layer)) return false
  const bounds = boundsOf(layer, keyOf(layer), rank + 1)
  const last = bounds.at(-1) ?? WHOLE
  return bounds.slice(0, -1).every(isWhole) && last.step === -1 && (last.start ?? null) === null && (last.stop ?? null) === null
}

/** Whether a layer takes a part of a tensor, as Keras 3 and Keras 2 call it. */
export function isSlice ({ className }: FlatLayer): boolean {
  return className === 'GetItem' || className === 'SlicingOpLambda'
}

/** Which channel `x[..., index]` takes, without the dimension that it is in; undefined where it is no such slice. */
export function channelIndex (layer: FlatLayer, shape: Shape): number | undefined {
  const key = keyOf(layer)
  const last = key.at(-1)
  if (!Number.isInteger(last)) return undefined
  const others = boundsOf(layer, [...key.slice(0, -1), WHOLE], shape.length + 1)
  const channels = channelsOf(shape)
  const index = Number(last) < 0 ? Number(last) + channels : Number(last)
  const isThere = shape.length === 3 && index >= 0 && index < channels
  if (!isThere || !others.every(isWhole)) refuse(layer, `takes ${JSON.stringify(key)}, ${NEEDED}`)
  return index
}

/**
 * What `x[..., start:stop]` takes, or `x[:, top:bottom, left:right]`, as Keras 3 (GetItem) and Keras 2 (SlicingOpLambda) write it.
 * Throws a WeightsError if it takes something else.
 */
export function sliceOperation (layer: FlatLayer, shape: Shape): Operation {
  const key = keyOf(layer)
  const bounds = boundsOf(layer, key, shape.length + 1)
  const last = bounds.at(-1) ?? WHOLE
  const [batch = WHOLE, rows = WHOLE, columns = WHOLE] = bounds
  const [height, width] = shape
  if (bounds.some(({ step }) => (step ?? 1) !== 1) || !isWhole(batch)) refuse(layer, `takes ${JSON.stringify(key)}, ${NEEDED}`)
  if (width !== undefined && !(isWhole(rows) && isWhole(columns))) {
    if (!isWhole(last)) refuse(layer, `takes ${JSON.stringify(key)}, and slices are of positions or of channels`)
    const [top, left] = [position(rows.start ?? 0, height), position(columns.start ?? 0, width)]
    const [bottom, right] = [height - position(rows.stop ?? height, height), width - position(columns.stop ?? width, width)]
    return { kind: 'cropping', top, bottom, left, right }
  }
  const channels = channelsOf(shape)
  const start = position(last.start ?? 0, channels)
  const end = position(last.stop ?? channels, channels)
  return start < end ? { kind: 'channelSlice', start, end } : refuse(layer, `takes no channel: those from ${start} to ${end}`)
}

/** What stands between the brackets. */
function keyOf ({ operands, keywords }: FlatLayer): readonly unknown[] {
  const constant = operands.find((operand) => 'constant' in operand)
  const key: unknown = keywords.slice_spec ?? (constant !== undefined && 'constant' in constant ? constant.constant : undefined)
  return Array.isArray(key) ? key : [key]
}

/** One for each dimension, the batch included. */
function boundsOf (layer: FlatLayer, entries: readonly unknown[], rank: number): Bounds[] {
  const slices = entries.map((entry) => {
    if (Value.Check(Ellipsis, entry)) return undefined
    if (Value.Check(Keras3Slice, entry)) return entry.config
    return Value.Check(Slice, entry) && !('class_name' in entry) ? entry : refuse(layer, `takes ${JSON.stringify(entry)}, ${NEEDED}`)
  })
  const at = slices.indexOf(undefined)
  const before = at === -1 ? slices : slices.slice(0, at)
  const after = at === -1 ? [] : slices.slice(at + 1)
  const missing = rank - before.length - after.length
  if (missing < 0) refuse(layer, `takes ${entries.length} slices of ${rank} dimensions`)
  return [...before, ...Array.from({ length: missing }, () => WHOLE), ...after].map((entry) => entry ?? WHOLE)
}

function isWhole ({ start, stop, step }: Bounds): boolean {
  return (start ?? 0) === 0 && (stop ?? null) === null && (step ?? 1) === 1
}

/** Negative ones count from the end; those beyond are the end. */
function position (bound: number, length: number): number {
  return Math.min(length, Math.max(0, bound < 0 ? bound + length : bound))
}
