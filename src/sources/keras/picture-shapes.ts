import { arithmeticOf } from './affine.js'
import type { FlatLayer, FlatModel } from './flatten.js'
import { hasNoEffect } from './no-effect.js'

const POINTWISE = new Set(['Rescaling', 'Normalization', 'Concatenate'])

/**
 * The shapes that a model states of its picture, outermost first: that of its input, and those of nested models that the picture reaches
 * in its size. What a head that is a model of its own reads is no picture.
 */
export function pictureShapes ({ inputShapes }: FlatModel): unknown[] {
  return inputShapes.filter(({ source }) => source === undefined || isPicture(source)).map(({ shape }) => shape)
}

/** Whether a layer gives the model's input in its size, whatever became of its values. */
function isPicture (layer: FlatLayer): boolean {
  let source: FlatLayer = layer
  while (source.className !== 'InputLayer') {
    const sources = new Set(source.operands.flatMap((operand) => 'layer' in operand ? [operand.layer] : []))
    const [next] = sources
    if (next === undefined || sources.size > 1 || !keepsSize(source)) return false
    source = next
  }
  return true
}

function keepsSize (layer: FlatLayer): boolean {
  return POINTWISE.has(layer.className) || hasNoEffect(layer) || arithmeticOf(layer) !== undefined
}
