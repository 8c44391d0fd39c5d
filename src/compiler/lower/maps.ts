import type { Layer, Shape } from '../../model/network.js'
import type { Classifier } from '../../model/outputs.js'
import { channelsOf } from '../../model/shapes.js'
import { affine } from './affine.js'
import type { Value, Values } from './values.js'

/*
 * A linear classifier at every position of the feature map that is pooled, without its bias, from the constants that the network
 * itself uses.
 */

/** [n, height, width, units]. */
export function mapsOfUnits ({ chain, pooled }: Classifier, map: Value, values: Values): Value {
  const linear = linearLayers(chain)
  if (linear.length > 0) return values.spatial(withoutBiases(linear, values.rows(map), values))
  if (!('bias' in pooled.operation && pooled.operation.bias)) return map
  return { ...map, step: values.steps.binary('maps/unbiased', 'Sub', map.step, values.weight(pooled, 'bias', 'float32'), 'float32') }
}

/**
 * [n, height, width, k], of the classes alone that `classes`, int32 [n, k], has for each image: the columns of these are taken out
 * of the kernel before anything is multiplied.
 */
export function mapsOfClasses (classifier: Classifier, map: Value, classes: string, values: Values): Value {
  const { steps } = values
  const [height = 0, width = 0] = map.shape
  const shape = [height, width, -1] as const
  const linear = linearLayers(classifier.chain)
  const first = linear.findIndex(hasKernel)
  const layer = linear[first]
  if (layer === undefined) {
    const all = ofClasses(mapsOfUnits(classifier, map, values), values)
    return { ...all, step: steps.gather('top_maps/chosen', all.step, classes, 'float32', 3, 1), shape }
  }
  const scaled = values.spatial(withoutBiases(linear.slice(0, first), values.rows(map), values))
  const kernel: Value = { ...scaled, step: values.weight(layer, 'kernel', 'float32'), shape: [channelsOf(layer.outputShape)], form: 'rows' }
  const all = ofClasses(withoutBiases(linear.slice(first + 1), kernel, values), values)
  const columns = steps.gather('top_maps/columns', all.step, classes, 'float32', 1)
  const step = steps.add('top_maps/maps', 'float32', [scaled.step, columns], { op: 'Einsum', equation: 'nhwc,cnk->nhwk' })
  return { ...scaled, step, shape }
}

function linearLayers (chain: readonly Layer[]): Layer[] {
  return chain.filter(({ operation: { kind } }) => kind !== 'flatten' && kind !== 'reshape')
}

function hasKernel ({ operation: { kind } }: Layer): boolean {
  return kind !== 'affine'
}

/** What linear layers make of rows, one after the other. */
function withoutBiases (layers: readonly Layer[], rows: Value, values: Values): Value {
  return layers.reduce<Value>((value, layer) => {
    const name = `maps/${layer.name}`
    if (layer.operation.kind === 'affine') return affine(name, value, { ...layer.operation, offset: 0 }, values)
    const inputs = [value.step, values.weight(layer, 'kernel', 'float32')]
    const shape = [...rows.shape.slice(0, -1), channelsOf(layer.outputShape)] as readonly number[] as Shape
    return { ...value, step: values.steps.add(name, 'float32', inputs, { op: 'MatMul' }), shape }
  }, rows)
}

/** A single sigmoid unit is for the second of two classes, and against the first. */
function ofClasses (units: Value, values: Values): Value {
  if (channelsOf(units.shape) > 1) return units
  const against = values.steps.withNumber('top_maps/against', 'Mul', units.step, -1, 'float32')
  return { ...units, step: values.steps.concat('top_maps/both', [against, units.step], 'float32', -1) }
}
