import type { Activation, Layer, Network, OperationOf, Padding } from '../../src/model/network.js'
import type { Weights } from '../../src/model/weights.js'

/*
 * Networks computed naively in float64, layer by layer, from what each operation means. It shares no code with the compiler and with
 * the derivation of shapes, which are held against it.
 */

/** A map of height x width x channels, row-major; a vector is a map of one pixel. */
export interface FeatureMap {
  readonly height: number
  readonly width: number
  readonly channels: number
  readonly data: Float64Array
}

/** What every layer gives for one image of raw bytes. */
export function referenceValues (network: Network, weights: Weights, image: Uint8Array): ReadonlyMap<string, FeatureMap> {
  const values = new Map<string, FeatureMap>()
  for (const layer of network.layers) {
    const inputs = layer.inputs.map((name) => values.get(name) as FeatureMap)
    values.set(layer.name, layer.operation.kind === 'input' ? referenceInput(network, image) : referenceLayer(layer, inputs, weights))
  }
  return values
}

/** Probabilities for one image of raw bytes. */
export function referenceProbabilities (network: Network, weights: Weights, image: Uint8Array): number[] {
  const { data } = referenceValues(network, weights, image).get(network.layers.at(-1)?.name ?? '') as FeatureMap
  return data.length === 1 ? [1 - (data[0] ?? NaN), data[0] ?? NaN] : [...data]
}

/** What the first layer gives: the image's numbers after rescaling. */
export function referenceInput ({ input }: Pick<Network, 'input'>, image: Uint8Array): FeatureMap {
  const { side: height, width = height, channels, rescaling: { scale, offset, order } } = input
  return fill(height, width, channels, (y, x, channel) => {
    const source = order === 'bgr' ? channels - 1 - channel : channel
    return at(image, (y * width + x) * channels + source) * ofChannel(scale, channel) + ofChannel(offset, channel)
  })
}

/** What one layer gives. */
export function referenceLayer (layer: Layer, inputs: readonly FeatureMap[], weights: Weights): FeatureMap {
  const { operation, name, weightNames = {} } = layer
  const [input, ...others] = inputs as [FeatureMap, ...FeatureMap[]]
  const { height, width, channels } = input
  const weight = (role: string): Float32Array => weights.get(weightNames[role] ?? `${name}/${role}`)?.data ?? new Float32Array()
  switch (operation.kind) {
    case 'input': throw new Error('the input is no layer that computes')
    case 'convolution': return biased(convolve(input, weight('kernel'), operation), operation.bias, weight)
    case 'depthwiseConvolution': return biased(depthwise(input, weight('depthwise_kernel'), operation), operation.bias, weight)
    case 'separableConvolution': {
      const between = depthwise(input, weight('depthwise_kernel'), operation)
      return biased(product(between, weight('pointwise_kernel'), operation.filters), operation.bias, weight)
    }
    case 'dense': return biased(product(input, weight('kernel'), operation.units), operation.bias, weight)
    case 'batchNormalization': {
      const statistics = { mean: weight('moving_mean'), variance: weight('moving_variance'), gamma: weight('gamma'), beta: weight('beta') }
      return mapValues(input, (value, channel) => {
        const normal = (value - at(statistics.mean, channel)) / Math.sqrt(at(statistics.variance, channel) + operation.epsilon)
        return normal * (operation.scale ? at(statistics.gamma, channel) : 1) + (operation.center ? at(statistics.beta, channel) : 0)
      })
    }
    case 'affine': {
      const { scale, offset } = operation
      return mapValues(input, (value, channel) => value * ofChannel(scale, channel) + ofChannel(offset, channel))
    }
    case 'layerNormalization': return ofPositions(input, channels, (values, channel) => {
      const center = mean(values)
      const deviation = Math.sqrt(mean(values.map((value) => (value - center) ** 2)) + operation.epsilon)
      const gamma = operation.scale ? at(weight('gamma'), channel) : 1
      return ((values[channel] ?? NaN) - center) / deviation * gamma + (operation.center ? at(weight('beta'), channel) : 0)
    })
    case 'unitNormalization': return ofPositions(input, channels, (values, channel) => (values[channel] ?? NaN) / Math.hypot(...values))
    case 'channelMean': return ofPositions(input, 1, mean)
    case 'channelMax': return ofPositions(input, 1, (values) => Math.max(...values))
    case 'parametricRelu': {
      const [first, second = 1, third] = operation.alpha
      const slopes: FeatureMap = third === undefined
        ? { height: 1, width: 1, channels: first, data: Float64Array.from(weight('alpha')) }
        : { height: first, width: second, channels: third, data: Float64Array.from(weight('alpha')) }
      return combine(input, slopes, (value, slope) => value > 0 ? value : value * slope)
    }
    case 'probabilities': return input
    case 'activation': return activate(operation.activation, input)
    case 'maxPooling': return pool(input, operation, (values) => Math.max(...values))
    case 'averagePooling': return pool(input, operation, mean)
    case 'globalMaxPooling': return fill(1, 1, channels, (_y, _x, channel) => Math.max(...channelValues(input, channel)))
    case 'globalAveragePooling': return fill(1, 1, channels, (_y, _x, channel) => mean(channelValues(input, channel)))
    case 'zeroPadding': {
      const { top, bottom, left, right } = operation
      return fill(height + top + bottom, width + left + right, channels, (y, x, channel) => pixel(input, y - top, x - left, channel) ?? 0)
    }
    case 'cropping': {
      const { top, bottom, left, right } = operation
      return fill(height - top - bottom, width - left - right, channels, (y, x, channel) => pixel(input, y + top, x + left, channel) ?? NaN)
    }
    case 'resizing': return resized(input, operation)
    case 'channelSlice': {
      const { start, end } = operation
      return fill(height, width, end - start, (y, x, channel) => pixel(input, y, x, channel + start) ?? NaN)
    }
    case 'add': return others.reduce((sum, other) => combine(sum, other, (left, right) => left + right), input)
    case 'multiply': return others.reduce((sum, other) => combine(sum, other, (left, right) => left * right), input)
    case 'maximum': return others.reduce((largest, other) => combine(largest, other, Math.max), input)
    case 'minimum': return others.reduce((smallest, other) => combine(smallest, other, Math.min), input)
    case 'divide': return others.reduce((quotient, other) => combine(quotient, other, (left, right) => left / right), input)
    case 'concatenate': return others.reduce(join, input)
    case 'reshape': {
      const [first, second, third] = operation.shape
      return second === undefined || third === undefined
        ? { height: 1, width: 1, channels: first, data: input.data }
        : { height: first, width: second, channels: third, data: input.data }
    }
    case 'flatten': return { height: 1, width: 1, channels: input.data.length, data: input.data }
  }
}

interface Window {
  readonly strides: readonly number[]
  readonly dilation?: readonly number[]
  readonly padding: Padding
}

/** Kernel [height, width, in / groups, filters]. */
function convolve (input: FeatureMap, kernel: Float32Array, operation: OperationOf<'convolution'>): FeatureMap {
  const { filters, groups, kernel: [kernelHeight, kernelWidth] } = operation
  const groupInputs = input.channels / groups
  const groupFilters = filters / groups
  const sides = output(input, operation, operation.kernel)
  return fillPositions(sides.height, sides.width, filters, (sums, y, x) => {
    for (let ky = 0; ky < kernelHeight; ky++) {
      for (let kx = 0; kx < kernelWidth; kx++) {
        const start = position(input, sides.row(y, ky), sides.column(x, kx))
        if (start === undefined) continue
        const tap = (ky * kernelWidth + kx) * groupInputs
        for (let channel = 0; channel < input.channels; channel++) {
          const group = Math.floor(channel / groupInputs)
          const weights = (tap + channel % groupInputs) * filters
          const value = input.data[start + channel] ?? NaN
          addProducts(sums, value, kernel, { from: group * groupFilters, to: (group + 1) * groupFilters, weights })
        }
      }
    }
  })
}

/** Kernel [height, width, channels, 1]. */
function depthwise (
  input: FeatureMap, kernel: Float32Array, operation: OperationOf<'depthwiseConvolution' | 'separableConvolution'>
): FeatureMap {
  const { channels, data } = input
  const [kernelHeight, kernelWidth] = operation.kernel
  const sides = output(input, operation, operation.kernel)
  return fillPositions(sides.height, sides.width, channels, (sums, y, x) => {
    for (let ky = 0; ky < kernelHeight; ky++) {
      for (let kx = 0; kx < kernelWidth; kx++) {
        const start = position(input, sides.row(y, ky), sides.column(x, kx))
        if (start === undefined) continue
        const tap = (ky * kernelWidth + kx) * channels
        for (let channel = 0; channel < channels; channel++) {
          sums[channel] = (sums[channel] ?? NaN) + (data[start + channel] ?? NaN) * (kernel[tap + channel] ?? NaN)
        }
      }
    }
  })
}

/** Matrix [in, out] at each position. */
function product (input: FeatureMap, matrix: Float32Array, units: number): FeatureMap {
  const { channels, data } = input
  return fillPositions(input.height, input.width, units, (sums, y, x) => {
    const start = (y * input.width + x) * channels
    for (let channel = 0; channel < channels; channel++) {
      addProducts(sums, data[start + channel] ?? NaN, matrix, { from: 0, to: units, weights: channel * units })
    }
  })
}

/** Adds one number times a row of weights to the sums of a range of filters. */
function addProducts (
  sums: Float64Array, value: number, kernel: Float32Array, { from, to, weights }: { from: number, to: number, weights: number }
): void {
  for (let filter = from; filter < to; filter++) sums[filter] = (sums[filter] ?? NaN) + value * (kernel[weights + filter] ?? NaN)
}

function biased (map: FeatureMap, hasBias: boolean, weight: (role: string) => ArrayLike<number>): FeatureMap {
  if (!hasBias) return map
  const bias = weight('bias')
  return mapValues(map, (value, channel) => value + at(bias, channel))
}

/** What a pooling window covers of the map; padding is not there. */
function pool (
  input: FeatureMap, operation: OperationOf<'maxPooling' | 'averagePooling'>, reduce: (values: readonly number[]) => number
): FeatureMap {
  const sides = output(input, operation, operation.size)
  return fill(sides.height, sides.width, input.channels, (y, x, channel) => {
    const values: number[] = []
    for (let ky = 0; ky < operation.size[0]; ky++) {
      for (let kx = 0; kx < operation.size[1]; kx++) {
        const value = pixel(input, sides.row(y, ky), sides.column(x, kx), channel)
        if (value !== undefined) values.push(value)
      }
    }
    return reduce(values)
  })
}

/** Positions of a window along one side, and where in the input a tap of it lies. */
interface WindowSide { readonly count: number, readonly position: (index: number, tap: number) => number }

/** The output's sides, and where in the input a position of the window lies. */
function output (input: FeatureMap, { strides, dilation = [1, 1], padding }: Window, size: readonly number[]): {
  height: number, width: number, row: (y: number, ky: number) => number, column: (x: number, kx: number) => number
} {
  const [vertical, horizontal] = [input.height, input.width].map((side, axis) => {
    const [stride, step, length] = [at(strides, axis), at(dilation, axis), at(size, axis)]
    const reach = (length - 1) * step
    let count = 0
    if (padding === 'valid') {
      while (count * stride + reach < side) count++
      return { count, position: (index: number, tap: number) => index * stride + tap * step }
    }
    if (padding !== 'same') {
      const [before, after] = axis === 0 ? [padding.top, padding.bottom] : [padding.left, padding.right]
      while (count * stride + reach < before + side + after) count++
      return { count, position: (index: number, tap: number) => index * stride + tap * step - before }
    }
    while (count * stride < side) count++
    const missing = Math.max(0, (count - 1) * stride + reach + 1 - side)
    return { count, position: (index: number, tap: number) => index * stride + tap * step - Math.floor(missing / 2) }
  }) as [WindowSide, WindowSide]
  return { height: vertical.count, width: horizontal.count, row: vertical.position, column: horizontal.position }
}

function activate (activation: Activation, input: FeatureMap): FeatureMap {
  if (activation.function !== 'softmax') return mapValues(input, (value) => activated(activation, value))
  return fill(input.height, input.width, input.channels, (y, x, channel) => {
    const values = Array.from({ length: input.channels }, (_, other) => pixel(input, y, x, other) ?? NaN)
    return 1 / values.reduce((sum, value) => sum + Math.exp(value - (values[channel] ?? NaN)), 0)
  })
}

function activated (activation: Activation, x: number): number {
  switch (activation.function) {
    case 'softmax': throw new Error('softmax is not of one number')
    case 'sigmoid': return 1 / (1 + Math.exp(-x))
    case 'silu': return x / (1 + Math.exp(-x))
    case 'tanh': return Math.tanh(x)
    case 'selu': return 1.0507009873554805 * (x > 0 ? x : 1.6732632423543772 * Math.expm1(x))
    case 'softplus': return Math.log1p(Math.exp(-Math.abs(x))) + Math.max(x, 0)
    case 'softsign': return x / (1 + Math.abs(x))
    case 'mish': return x * Math.tanh(Math.log1p(Math.exp(-Math.abs(x))) + Math.max(x, 0))
    case 'exponential': return Math.exp(x)
    case 'relu': return Math.min(Math.max(x, 0), activation.maximum ?? Infinity)
    case 'leakyRelu': return x > 0 ? x : x * activation.slope
    case 'elu': return x > 0 ? x : activation.alpha * Math.expm1(x)
    case 'gelu': return activation.approximate
      ? 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)))
      : x * normalShare(x)
    case 'hardSigmoid': return Math.min(1, Math.max(0, activation.slope * x + 0.5))
    case 'hardSwish': return x * Math.min(1, Math.max(0, activation.slope * x + 0.5))
  }
}

/** The normal distribution's share below x, by the series of its integral around 0 (converges everywhere, fast for small x). */
function normalShare (x: number): number {
  if (Math.abs(x) > 8) return x > 0 ? 1 : 0
  let term = x
  let sum = x
  for (let power = 1; Math.abs(term) > 1e-18 * Math.abs(sum); power++) {
    term *= x * x / (2 * power + 1)
    sum += term
  }
  return 0.5 + sum * Math.exp(-x * x / 2) / Math.sqrt(2 * Math.PI)
}

/** What becomes of the channels of each position. */
function ofPositions (
  input: FeatureMap, channels: number, compute: (values: readonly number[], channel: number) => number
): FeatureMap {
  return fill(input.height, input.width, channels, (y, x, channel) => (
    compute(Array.from({ length: input.channels }, (_, other) => pixel(input, y, x, other) ?? NaN), channel)
  ))
}

/** The centre of pixel i lies at i + 0.5 in both maps, as shares of their sides. */
function resized (input: FeatureMap, { height, width, method }: OperationOf<'resizing'>): FeatureMap {
  const inside = (position: number, side: number): number => Math.min(Math.max(position, 0), side - 1)
  return fill(height, width, input.channels, (y, x, channel) => {
    const [row, column] = [(y + 0.5) * input.height / height, (x + 0.5) * input.width / width]
    const value = (atY: number, atX: number): number => pixel(input, inside(atY, input.height), inside(atX, input.width), channel) ?? NaN
    if (method === 'nearest') return value(Math.floor(row), Math.floor(column))
    const [top, left] = [Math.floor(row - 0.5), Math.floor(column - 0.5)]
    const [down, right] = [row - 0.5 - top, column - 0.5 - left]
    return (value(top, left) * (1 - right) + value(top, left + 1) * right) * (1 - down) +
      (value(top + 1, left) * (1 - right) + value(top + 1, left + 1) * right) * down
  })
}

function combine (left: FeatureMap, right: FeatureMap, operation: (left: number, right: number) => number): FeatureMap {
  const repeated = (map: FeatureMap, y: number, x: number, channel: number): number => (
    pixel(map, Math.min(y, map.height - 1), Math.min(x, map.width - 1), Math.min(channel, map.channels - 1)) ?? NaN
  )
  const longer = (side: 'height' | 'width' | 'channels'): number => Math.max(left[side], right[side])
  return fill(longer('height'), longer('width'), longer('channels'), (y, x, channel) => (
    operation(repeated(left, y, x, channel), repeated(right, y, x, channel))
  ))
}

function join (left: FeatureMap, right: FeatureMap): FeatureMap {
  return fill(left.height, left.width, left.channels + right.channels, (y, x, channel) => (
    channel < left.channels ? pixel(left, y, x, channel) ?? NaN : pixel(right, y, x, channel - left.channels) ?? NaN
  ))
}

function mapValues (map: FeatureMap, change: (value: number, channel: number) => number): FeatureMap {
  return { ...map, data: map.data.map((value, index) => change(value, index % map.channels)) }
}

function channelValues ({ data, channels }: FeatureMap, channel: number): number[] {
  return Array.from({ length: data.length / channels }, (_, index) => at(data, index * channels + channel))
}

function mean (values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

function fill (height: number, width: number, channels: number, value: (y: number, x: number, channel: number) => number): FeatureMap {
  return fillPositions(height, width, channels, (values, y, x) => {
    for (let channel = 0; channel < channels; channel++) values[channel] = value(y, x, channel)
  })
}

/** As `fill`; `write` is handed the channels of a position at once, all 0. */
function fillPositions (
  height: number, width: number, channels: number, write: (values: Float64Array, y: number, x: number) => void
): FeatureMap {
  const data = new Float64Array(height * width * channels)
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) write(data.subarray((y * width + x) * channels, (y * width + x + 1) * channels), y, x)
  }
  return { height, width, channels, data }
}

/** Undefined outside of the map. */
function pixel (map: FeatureMap, y: number, x: number, channel: number): number | undefined {
  const start = position(map, y, x)
  return start === undefined ? undefined : map.data[start + channel]
}

/** Where the channels of a position begin; undefined outside of the map. */
function position ({ height, width, channels }: FeatureMap, y: number, x: number): number | undefined {
  return y < 0 || x < 0 || y >= height || x >= width ? undefined : (y * width + x) * channels
}

function ofChannel (numbers: number | readonly number[], channel: number): number {
  return typeof numbers === 'number' ? numbers : at(numbers, channel)
}

function at (numbers: ArrayLike<number>, index: number): number {
  return numbers[index] ?? NaN
}
