import type { Layer, OperationOf } from '../../model/network.js'
import { inFloat32 } from './activations.js'
import type { Value, Values } from './values.js'

/** In float32, whatever the network computes in. */
export function resizing (layer: Layer, operation: OperationOf<'resizing'>, input: Value, values: Values): Value {
  const { steps } = values
  const { name } = layer
  const map = values.spatial(input)
  const op = operation.method === 'nearest' ? 'ResizeNearestNeighbor' : 'ResizeBilinear'
  const step = inFloat32(name, map.step, map.type, steps, (value) => (
    steps.add(`${name}/resized`, 'float32', [value, steps.integers(`${name}/size`, [operation.height, operation.width])], { op })
  ))
  return { ...map, step, shape: layer.outputShape }
}

export function cropping (layer: Layer, { top, left }: OperationOf<'cropping'>, input: Value, values: Values): Value {
  const map = values.spatial(input)
  const { name, outputShape: shape } = layer
  const [height, width = 1] = shape
  return { ...map, step: values.steps.slice(name, map.step, map.type, [0, top, left, 0], [-1, height, width, -1]), shape }
}
