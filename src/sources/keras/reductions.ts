import { sizeOf } from '../../model/weights.js'
import type { Emitter } from './emitter.js'
import type { FlatLayer } from './flatten.js'
import type { Given } from './given.js'
import { refuse } from './refusal.js'
import { axesOf, demandChannelAxis, functionOf, settingOf } from './settings.js'

type Reduction = 'mean' | 'max' | 'min' | 'sum'

/** Keras 3's operations, and TensorFlow's functions as Keras 2 names them. */
const REDUCTIONS: ReadonlyMap<string, Reduction> = new Map([
  ['Mean', 'mean'], ['Max', 'max'], ['Amax', 'max'], ['Min', 'min'], ['Amin', 'min'], ['Sum', 'sum'],
  ['math.reduce_mean', 'mean'], ['math.reduce_max', 'max'], ['math.reduce_min', 'min'], ['math.reduce_sum', 'sum'],
  ['reduce_mean', 'mean'], ['reduce_max', 'max'], ['reduce_min', 'min'], ['reduce_sum', 'sum']
])
const NORMALIZATIONS = new Set(['Normalize', 'math.l2_normalize', 'linalg.l2_normalize', 'nn.l2_normalize'])
const POSITIONS = '1,2'

/** Appends a function of all positions or of all channels; undefined where a layer is none. Throws a WeightsError if it is of others. */
export function emitReduction (emitter: Emitter, layer: FlatLayer, input: string): Given | undefined {
  const name = functionOf(layer)
  const shape = emitter.shapeOf(input)
  if (NORMALIZATIONS.has(name)) {
    demandChannelAxis(layer, shape)
    if ((settingOf(layer, 'order') ?? 2) !== 2) refuse(layer, 'is of another order than 2')
    return { name: emitter.add(layer, { kind: 'unitNormalization' }, [input]), isPlane: false }
  }
  const reduction = REDUCTIONS.get(name)
  if (reduction === undefined) return undefined
  const keepDimensions = settingOf(layer, 'keepdims', 'keep_dims') === true
  const axes = axesOf(layer, shape)?.join()
  const isOfPositions = shape.length === 3 && axes === POSITIONS
  if (!isOfPositions && (axes !== String(shape.length) || (shape.length === 1 && !keepDimensions))) {
    return refuse(layer, `is along ${axes ?? 'everything'}, and only all positions or the channels are supported`)
  }
  const largest = isOfPositions ? { kind: 'globalMaxPooling' as const, keepDimensions } : { kind: 'channelMax' as const }
  const mean = isOfPositions ? { kind: 'globalAveragePooling' as const, keepDimensions } : { kind: 'channelMean' as const }
  const given = (made: string): Given => ({ name: made, isPlane: !isOfPositions && !keepDimensions })
  switch (reduction) {
    case 'mean': return given(emitter.add(layer, mean, [input]))
    case 'max': return given(emitter.add(layer, largest, [input]))
    case 'min': {
      const negated = emitter.add(layer, { kind: 'affine', scale: -1, offset: 0 }, [input], { suffix: '_negated' })
      const found = emitter.add(layer, largest, [negated], { suffix: '_largest' })
      return given(emitter.add(layer, { kind: 'affine', scale: -1, offset: 0 }, [found]))
    }
    case 'sum': {
      const found = emitter.add(layer, mean, [input], { suffix: '_mean' })
      const count = isOfPositions ? sizeOf(shape.slice(0, 2)) : shape.at(-1) ?? 1
      return given(emitter.add(layer, { kind: 'affine', scale: count, offset: 0 }, [found]))
    }
  }
}
