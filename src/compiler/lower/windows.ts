import { samePadding } from '../../model/shapes.js'
import type { Layer, OperationOf, Sides } from '../../model/network.js'
import type { Precision } from '../precision.js'
import { weightOf } from '../weight-of.js'
import type { Value, Values } from './values.js'

/*
 * Convolutions and poolings. 1x1 convolutions of stride 1 become MatMul, which TensorFlow runs faster than the same work as Conv2D;
 * the bias follows directly, and a ReLU if there is one, so that TensorFlow's optimizer fuses all three into one op.
 */

export function convolution (layer: Layer, operation: OperationOf<'convolution'>, input: Value, values: Values): Value {
  const { kernel, strides, dilation, padding, groups } = operation
  if (groups === 1 && [...kernel, ...strides].every((side) => side === 1)) return pointwise(layer, 'kernel', input, values)
  const { step, type } = values.spatial(input)
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
  const { kind, size, strides, padding } = operation
  const { step, type } = values.spatial(input)
  const op = kind === 'maxPooling' ? 'MaxPool' : 'AvgPool'
  const pooled = values.steps.add(layer.name, type, [step], { op, size, strides, padding })
  return { step: pooled, shape: layer.outputShape, form: 'spatial', type }
}

/** A product of each position's channels with one matrix, and the bias. */
function pointwise (layer: Layer, role: string, input: Value, values: Values): Value {
  const { step, type } = values.rows(input)
  const { weights, outputShape: shape } = layer
  const kernel = values.weight(layer, role, type, weights.find((weight) => weight.role === role)?.shape.slice(2))
  const product = values.steps.add(layer.name, type, [step, kernel], { op: 'MatMul' })
  return { step: values.biased(layer, product, type), shape, form: 'rows', type }
}

type DepthwiseWindow = OperationOf<'depthwiseConvolution' | 'separableConvolution'>

/** Without the bias. TensorFlow's op takes one stride for both sides, and no dilation on a CPU. */
function depthwise (layer: Layer, window: DepthwiseWindow, input: Value, values: Values): Value {
  const { steps } = values
  const { strides, padding } = window
  const { step, type, shape: [height = 0, width = 0, channels = 0] } = values.spatial(input)
  const name = `${layer.name}/depthwise`
  const shape = [layer.outputShape[0], layer.outputShape[1] ?? 1, channels] as const
  const kernel = depthwiseKernel(layer, window.kernel, window.dilation, type, values)
  if (strides[0] === strides[1]) {
    const product = steps.add(name, type, [step, kernel], { op: 'DepthwiseConv2dNative', stride: strides[0], padding })
    return { step: product, shape, form: 'spatial', type }
  }
  const sides = [height, width] as const
  const amounts = ([0, 1] as const).map((axis) => {
    const { before, after } = samePadding(sides[axis], window.kernel[axis], strides[axis], window.dilation[axis])
    return [before, after] as const
  })
  const padded = padding === 'valid' ? step : steps.pad(`${name}/padded`, step, type, [[0, 0], ...amounts, [0, 0]])
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
