import type { Layer, OperationOf, Shape, Sides } from '../../model/network.js'
import { channelsOf } from '../../model/shapes.js'
import type { Differentiable, Pass, Value } from './pass.js'
import { withMargins } from './margins.js'
import { refuse } from './refusal.js'

/* Convolutions and their gradients. A 1x1 convolution of stride 1 is a product of matrices, as in the compiler. */

export function convolution (layer: Layer, operation: OperationOf<'convolution'>, input: Value, pass: Pass): Differentiable {
  const { kernel, strides, dilation, groups } = operation
  if (groups > 1) refuse(layer, 'groups')
  const isPointwise = typeof operation.padding === 'string' && [...kernel, ...strides].every((side) => side === 1)
  if (isPointwise) return product(layer, 'kernel', input, pass)
  const { steps } = pass
  const { name } = layer
  const value = pass.ofType(input, pass.precision)
  const { type } = value
  const channels = pass.alignedCount(operation.filters)
  const shape = [...kernel, value.channels, channels]
  const { step: read, shape: readShape, padding, within } = withMargins(layer, operation.padding, value, pass)
  const weights = pass.weight(layer, 'kernel', type, shape)
  const window = { strides, dilation, padding }
  const step = steps.add(name, type, [read, weights], { op: 'Conv2D', ...window })
  return withBias(layer, { step, shape: layer.outputShape, channels, type }, pass, (gradient) => {
    const byKernel = [read, steps.integers(`${name}/kernel_shape`, shape), gradient]
    pass.learn(layer, 'kernel', steps.add(`${name}/by_kernel`, type, byKernel, { op: 'Conv2DBackpropFilter', ...window }), type, shape)
    pass.handBack(layer, type, () => {
      const byInput = [steps.integers(`${name}/input_shape`, [pass.batch, ...readShape]), weights, gradient]
      return within(steps.add(`${name}/by_input`, type, byInput, { op: 'Conv2DBackpropInput', ...window }))
    })
  })
}

export function depthwiseConvolution (
  layer: Layer, operation: OperationOf<'depthwiseConvolution'>, input: Value, pass: Pass
): Differentiable {
  const { value, backward } = depthwise(layer, operation, pass.ofType(input, pass.precision), pass)
  return withBias(layer, value, pass, (gradient) => { backward(gradient) })
}

export function separableConvolution (
  layer: Layer, operation: OperationOf<'separableConvolution'>, input: Value, pass: Pass
): Differentiable {
  const inner = depthwise(layer, operation, pass.ofType(input, pass.precision), pass)
  return product(layer, 'pointwise_kernel', inner.value, pass, inner.backward)
}

export function dense (layer: Layer, input: Value, pass: Pass): Differentiable {
  return product(layer, 'kernel', pass.ofType(input, 'float32'), pass)
}

type DepthwiseWindow = OperationOf<'depthwiseConvolution' | 'separableConvolution'>

/** The depthwise part of a layer, without a bias. */
function depthwise (layer: Layer, operation: DepthwiseWindow, input: Value, pass: Pass): Differentiable {
  const { kernel, strides, dilation } = operation
  const { channels, type } = input
  const [stride] = strides
  if (strides[1] !== stride) refuse(layer, 'strides that differ')
  if (dilation.some((side) => side > 1)) refuse(layer, 'dilation')
  const { steps } = pass
  const name = `${layer.name}/depthwise`
  const shape = [...kernel, channels, 1]
  const weights = pass.weight(layer, 'depthwise_kernel', type, shape)
  const { step, shape: readShape, padding, within } = withMargins(layer, operation.padding, input, pass)
  const window = { stride, padding }
  const given: Value = {
    step: steps.add(name, type, [step, weights], { op: 'DepthwiseConv2dNative', ...window }),
    shape: [...sidesOf(layer.outputShape), channelsOf(input.shape)],
    channels,
    type
  }
  const backward = (gradient: string): void => {
    const byKernel = [step, steps.integers(`${name}/kernel_shape`, shape), gradient]
    const learned = steps.add(`${name}/by_kernel`, type, byKernel, { op: 'DepthwiseConv2dNativeBackpropFilter', ...window })
    pass.learn(layer, 'depthwise_kernel', learned, type, shape)
    pass.handBack(layer, type, () => {
      const byInput = [steps.integers(`${name}/input_shape`, [pass.batch, ...readShape]), weights, gradient]
      return within(steps.add(`${name}/by_input`, type, byInput, { op: 'DepthwiseConv2dNativeBackpropInput', ...window }))
    })
  }
  return { value: given, backward }
}

/** Each position's channels, or a vector, times one matrix. `handBack` takes the gradient by `value` where the layer has more before it. */
function product (
  layer: Layer, role: string, value: Value, pass: Pass, handBack?: (gradient: string) => void
): Differentiable {
  const { steps } = pass
  const { name, outputShape } = layer
  const { type, channels: read } = value
  const isVector = outputShape.length === 1
  const given = isVector ? channelsOf(outputShape) : pass.alignedCount(channelsOf(outputShape), type)
  const { shape } = pass.variable(layer, role)
  const padded = [...shape.slice(0, -2), read, given]
  const rows = (suffix: string, map: string, columns: number): string => (
    isVector ? map : steps.reshape(`${name}/${suffix}`, map, type, [-1, columns])
  )
  const maps = (mapName: string, matrix: string, columns: number): string => (
    isVector ? matrix : steps.reshape(mapName, matrix, type, [-1, ...outputShape.slice(0, -1), columns])
  )
  const weights = steps.reshape(`${name}/matrix`, pass.weight(layer, role, type, padded), type, [read, given])
  const left = rows('rows', value.step, read)
  const step = maps(name, steps.add(`${name}/product`, type, [left, weights], { op: 'MatMul' }), given)
  return withBias(layer, { step, shape: outputShape, channels: given, type }, pass, (gradient) => {
    const right = rows('gradient_rows', gradient, given)
    const byMatrix = steps.add(`${name}/by_matrix`, type, [left, right], { op: 'MatMul', transposed: 'left' })
    pass.learn(layer, role, steps.reshape(`${name}/by_${role}`, byMatrix, type, padded), type, padded)
    const byInput = (): string => (
      maps(`${name}/by_input`, steps.add(`${name}/by_rows`, type, [right, weights], { op: 'MatMul', transposed: 'right' }), read)
    )
    if (handBack === undefined) pass.handBack(layer, type, byInput)
    else handBack(byInput())
  })
}

/** Adds the layer's bias where it has one. */
function withBias (layer: Layer, value: Value, pass: Pass, backward: (gradient: string) => void): Differentiable {
  if (!('bias' in layer.operation && layer.operation.bias)) return { value, backward }
  const { steps } = pass
  const { type, channels } = value
  const step = steps.add(`${layer.name}/biased`, type, [value.step, pass.weight(layer, 'bias', type, [channels])], { op: 'BiasAdd' })
  return {
    value: { ...value, step },
    backward: (gradient) => {
      pass.learn(layer, 'bias', steps.add(`${layer.name}/by_bias`, type, [gradient], { op: 'BiasAddGrad' }), type, [channels])
      backward(gradient)
    }
  }
}

function sidesOf (shape: Shape): Sides {
  return shape.length === 1 ? [1, 1] : [shape[0], shape[1]]
}
