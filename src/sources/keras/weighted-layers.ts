import { Type } from '../../base/typebox.js'
import { channelsOf } from '../../model/shapes.js'
import { emitFused, type KerasVersion } from './activations.js'
import type { Emitter } from './emitter.js'
import type { FlatLayer } from './flatten.js'
import { Count, Padding, Sides, demand, demandChannelsLast, demandLastAxis, pair, settingsOf } from './settings.js'

const Flag = Type.Optional(Type.Boolean())
const Window = {
  kernel_size: Sides, strides: Type.Optional(Sides), padding: Type.Optional(Padding), dilation_rate: Type.Optional(Sides), use_bias: Flag
}
const Convolution = Type.Object({ filters: Count, groups: Type.Optional(Type.Union([Count, Type.Null()])), ...Window })
const Depthwise = Type.Object({ depth_multiplier: Type.Optional(Count), ...Window })
const Separable = Type.Object({ filters: Count, ...Window })
const Dense = Type.Object({ units: Count, use_bias: Flag })
const BatchNormalization = Type.Object({ epsilon: Type.Optional(Type.Number({ exclusiveMinimum: 0 })), scale: Flag, center: Flag })

const ParametricRelu = Type.Object({ shared_axes: Type.Optional(Type.Union([Type.Array(Type.Integer()), Type.Null()])) })

/** Keras's default. */
const EPSILON = 1e-3

/**
 * Appends a layer that has weights, and the activation inside it; undefined where it is of another kind.
 * Throws a WeightsError that names the layer and the setting that is not supported.
 */
export function emitWeighted (emitter: Emitter, layer: FlatLayer, input: string, version: KerasVersion): string | undefined {
  const emitted = emitLinear(emitter, layer, input)
  return emitted === undefined || layer.config.activation === undefined ? emitted : emitFused(emitter, layer, emitted, version)
}

function emitLinear (emitter: Emitter, layer: FlatLayer, input: string): string | undefined {
  switch (layer.className) {
    case 'Conv2D': {
      demandChannelsLast(layer)
      const { filters, groups, use_bias: bias = true } = settingsOf(layer, Convolution)
      return emitter.add(layer, { kind: 'convolution', filters, groups: groups ?? 1, bias, ...windowOf(layer) }, [input])
    }
    case 'SeparableConv2D': {
      demandChannelsLast(layer)
      demand(layer, 'depth_multiplier', layer.config.depth_multiplier, 1)
      const { filters, use_bias: bias = true } = settingsOf(layer, Separable)
      return emitter.add(layer, { kind: 'separableConvolution', filters, bias, ...windowOf(layer) }, [input])
    }
    case 'DepthwiseConv2D': return depthwise(emitter, layer, input)
    case 'Dense': return dense(emitter, layer, input)
    case 'BatchNormalization': {
      demandLastAxis(layer, layer.config.axis, emitter.shapeOf(input))
      const { epsilon = EPSILON, scale = true, center = true } = settingsOf(layer, BatchNormalization)
      return emitter.add(layer, { kind: 'batchNormalization', epsilon, scale, center }, [input])
    }
    case 'LayerNormalization': {
      demandLastAxis(layer, layer.config.axis, emitter.shapeOf(input))
      demand(layer, 'rms_scaling', layer.config.rms_scaling, false)
      const { epsilon = EPSILON, scale = true, center = true } = settingsOf(layer, BatchNormalization)
      return emitter.add(layer, { kind: 'layerNormalization', epsilon, scale, center }, [input])
    }
    case 'PReLU': {
      const { shared_axes: shared } = settingsOf(layer, ParametricRelu)
      const alpha = emitter.shapeOf(input).map((side, axis) => shared?.includes(axis + 1) === true ? 1 : side)
      return emitter.add(layer, { kind: 'parametricRelu', alpha: alpha as [number] | [number, number, number] }, [input])
    }
    default: return undefined
  }
}

function depthwise (emitter: Emitter, layer: FlatLayer, input: string): string {
  demandChannelsLast(layer)
  const { depth_multiplier: multiplier = 1, use_bias: bias = true } = settingsOf(layer, Depthwise)
  const window = windowOf(layer)
  if (multiplier === 1) return emitter.add(layer, { kind: 'depthwiseConvolution', bias, ...window }, [input])
  // Several filters a channel are a convolution with a group a channel, whose kernel has the same numbers in the same order.
  const channels = channelsOf(emitter.shapeOf(input))
  const kernel = { role: 'depthwise_kernel', shape: [...window.kernel, channels, multiplier] }
  return emitter.add(
    layer, { kind: 'convolution', filters: channels * multiplier, groups: channels, bias, ...window }, [input], { kept: { kernel } }
  )
}

/** Behind a feature map Dense is a 1x1 convolution whose kernel has two dimensions less. */
function dense (emitter: Emitter, layer: FlatLayer, input: string): string {
  const { units, use_bias: bias = true } = settingsOf(layer, Dense)
  const shape = emitter.shapeOf(input)
  if (shape.length === 1) return emitter.add(layer, { kind: 'dense', units, bias }, [input])
  return emitter.add(layer, {
    kind: 'convolution', filters: units, groups: 1, bias, kernel: [1, 1], strides: [1, 1], dilation: [1, 1], padding: 'valid'
  }, [input], { kept: { kernel: { role: 'kernel', shape: [channelsOf(shape), units] } } })
}

function windowOf (layer: FlatLayer) {
  const { kernel_size: kernel, strides = 1, padding = 'valid', dilation_rate: dilation = 1 } = settingsOf(layer, Type.Object(Window))
  return { kernel: pair(kernel), strides: pair(strides), dilation: pair(dilation), padding }
}
