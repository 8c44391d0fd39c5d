import { marginsOf } from '../../model/shapes.js'
import type { Layer, Margins, OperationOf, Padding, Sides } from '../../model/network.js'
import type { Precision } from '../precision.js'
import { weightOf } from '../weight-of.js'
import type { Value, Values } from './values.js'

/*
 * Convolutions and poolings. 1x1 convolutions of stride 1 become MatMul, which TensorFlow runs faster than the same work as Conv2D;
 * the bias follows directly, and a ReLU if there is one, so that TensorFlow's optimizer fuses all three into one op.
 */

export function convolution (layer: Layer, operation: OperationOf<'convolution'>, input: Value, values: Values): Value {
  const { strides, dilation, groups } = operation
  if (groups === 1 && isPointwise(operation)) return pointwise(layer, 'kernel', input, values)
  const { step, type, padding } = withMargins(layer, operation.padding, values.spatial(input), values)
  const inputs = [step, values.weight(layer, 'kernel', type)]
  const product = values.steps.add(layer.name, type, inputs, { op: 'Conv2D', strides, dilation, padding })
  return { step: values.biased(layer, product, type), shape: layer.outputShape, form: 'spatial', type }
}

export function depthwiseConvolution (layer: Layer, operation: OperationOf<'depthwiseConvolution'>, input: Value, values: Values): Value {
  const product = depthwise(layer, operation, input, values)
  return { ...product, step: values.biased(layer, product.step, product.type) }
}

export function separableConvolution (layer: Layer, operation: OperationOf<'separableConvolution'>, input: Value, values: Values): Value {
  return pointwise(layer, 'pointwise_kernel', depthwise(layer, operation, input, values), values)
}

export function pooling (layer: Layer, operation: OperationOf<'maxPooling' | 'averagePooling'>, input: Value, values: Values): Value {
  const { kind, size, strides } = operation
  const around = kind === 'maxPooling' ? LOWEST : 0
  const { step, type, padding } = withMargins(layer, operation.padding, values.spatial(input), values, around)
  const op = kind === 'maxPooling' ? 'MaxPool' : 'AvgPool'
  const given = { shape: layer.outputShape, form: 'spatial', type } as const
  const pooled = values.steps.add(layer.name, type, [step], { op, size, strides, padding })
  if (kind === 'maxPooling' || typeof operation.padding === 'string') return { ...given, step: pooled }
  const [height, width = 1] = layer.outputShape
  const numbers = windowShares(operation, [input.shape[0] ?? 1, input.shape[1] ?? 1], [height, width])
  const shares = values.steps.numbers(`${layer.name}/shares`, type, [1, height, width, 1], numbers)
  return { ...given, step: values.steps.binary(`${layer.name}/means`, 'Mul', pooled, shares, type) }
}

/** Below what any layer gives, in each of the types. */
const LOWEST = -3e38

/** How many times more positions a window has than lie in the map, for each position of the output. */
function windowShares (
  { size, strides, padding }: OperationOf<'averagePooling' | 'maxPooling'>, map: Sides, [height, width]: Sides
): Float32Array {
  const { top, left } = marginsOf(padding, map, { size, strides })
  const inside = (index: number, axis: 0 | 1, before: number): number => {
    const start = index * strides[axis] - before
    return Math.min(start + size[axis], map[axis]) - Math.max(start, 0)
  }
  return Float32Array.from({ length: height * width }, (_, position) => (
    size[0] * size[1] / inside(Math.floor(position / width), 0, top) / inside(position % width, 1, left)
  ))
}

/** A product of each position's channels with one matrix, and the bias. */
function pointwise (layer: Layer, role: string, input: Value, values: Values): Value {
  const { step, type } = values.rows(input)
  const { weights, outputShape: shape } = layer
  const kernel = values.weight(layer, role, type, weights.find((weight) => weight.role === role)?.shape.slice(2))
  const product = values.steps.add(layer.name, type, [step, kernel], { op: 'MatMul' })
  return { step: values.biased(layer, product, type), shape, form: 'rows', type }
}

/**
 * A map with `around` in a layer's margins, where it has some. TensorFlow 2.21 aborts on explicit padding, also where it makes that of a
 * `Pad` before a convolution; of `PadV2` it makes nothing.
 */
function withMargins (
  { name }: Layer, padding: Padding, { step, type }: Pick<Value, 'step' | 'type'>, { steps }: Values, around = 0
): { readonly step: string, readonly type: Precision, readonly padding: 'valid' | 'same' } {
  if (typeof padding === 'string') return { step, type, padding }
  return { step: steps.padWith(`${name}/padded`, step, type, amountsOf(padding), around), type, padding: 'valid' }
}

function isPointwise ({ kernel, strides, padding }: OperationOf<'convolution'>): boolean {
  const isAround = typeof padding === 'object' && Object.values(padding).some((margin) => margin > 0)
  return !isAround && [...kernel, ...strides].every((side) => side === 1)
}

/** Before and after each dimension of a batch of maps. */
function amountsOf ({ top, bottom, left, right }: Margins): ReadonlyArray<readonly [before: number, after: number]> {
  return [[0, 0], [top, bottom], [left, right], [0, 0]]
}

type DepthwiseWindow = OperationOf<'depthwiseConvolution' | 'separableConvolution'>

/** Without the bias. TensorFlow's op takes one stride for both sides, and no dilation on a CPU. */
function depthwise (layer: Layer, window: DepthwiseWindow, input: Value, values: Values): Value {
  const { steps } = values
  const { strides } = window
  const { step, type, shape: [height = 0, width = 0, channels = 0] } = values.spatial(input)
  const name = `${layer.name}/depthwise`
  const shape = [layer.outputShape[0], layer.outputShape[1] ?? 1, channels] as const
  const kernel = depthwiseKernel(layer, window.kernel, window.dilation, type, values)
  if (strides[0] === strides[1]) {
    const { step: read, padding } = withMargins(layer, window.padding, { step, type }, values)
    const product = steps.add(name, type, [read, kernel], { op: 'DepthwiseConv2dNative', stride: strides[0], padding })
    return { step: product, shape, form: 'spatial', type }
  }
  const margins = marginsOf(window.padding, [height, width], { size: window.kernel, strides, dilation: window.dilation })
  const padded = window.padding === 'valid' ? step : steps.pad(`${name}/padded`, step, type, amountsOf(margins))
  const stride = greatestCommonDivisor(strides)
  const dense = steps.add(`${name}/dense`, type, [padded, kernel], { op: 'DepthwiseConv2dNative', stride, padding: 'valid' })
  const chosen = steps.everyNth(name, dense, type, [1, strides[0] / stride, strides[1] / stride, 1])
  return { step: chosen, shape, form: 'spatial', type }
}

/** A dilated kernel is written with the zeros between its numbers. */
function depthwiseKernel (layer: Layer, [height, width]: Sides, [down, right]: Sides, type: Precision, values: Values): string {
  if (down === 1 && right === 1) return values.weight(layer, 'depthwise_kernel', type)
  const { shape: [, , channels = 0], data } = weightOf(layer, 'depthwise_kernel', values.weights)
  const sides = [(height - 1) * down + 1, (width - 1) * right + 1] as const
  const dilated = new Float32Array(sides[0] * sides[1] * channels)
  for (let position = 0; position < height * width; position++) {
    const target = Math.floor(position / width) * down * sides[1] + position % width * right
    dilated.set(data.subarray(position * channels, (position + 1) * channels), target * channels)
  }
  return values.steps.numbers(`${layer.name}/depthwise_kernel`, type, [...sides, channels, 1], dilated)
}

function greatestCommonDivisor ([one, other]: Sides): number {
  return other === 0 ? one : greatestCommonDivisor([other, one % other])
}
