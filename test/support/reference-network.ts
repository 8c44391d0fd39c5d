import type { Activation, Architecture, HeadLayer } from '../../src/model/architecture.js'

/*
 * The Xception family computed naively in float64, written from the paper's Figure 5 and Keras's names of weights.
 * It shares no code with the walk over layers and the compiler, which are held against it.
 */

/** Gives the weight `<layer>/<weight>`, which the network needs in that shape, row-major. */
export type WeightSource = (name: string, shape: readonly number[]) => ArrayLike<number>

/** A map of height x width x channels; a vector is a map of one pixel. */
interface FeatureMap {
  readonly height: number
  readonly width: number
  readonly channels: number
  readonly data: Float64Array
}

type Padding = Architecture['stem']['padding']

/** Probabilities for one image of raw RGB bytes; `scale` and `offset` hold one number a channel. */
export function referenceProbabilities (
  architecture: Architecture, image: Uint8Array, scale: readonly number[], offset: readonly number[], weights: WeightSource
): number[] {
  const side = architecture.inputSize
  const input = fill(side, side, 3, (y, x, channel) => (image[(y * side + x) * 3 + channel] ?? NaN) * (scale[channel] ?? NaN) + (offset[channel] ?? NaN))
  const { data } = new ReferenceNetwork(architecture, weights).run(input)
  return data.length === 1 ? [1 - (data[0] ?? NaN), data[0] ?? NaN] : [...data]
}

class ReferenceNetwork {
  constructor (private readonly architecture: Architecture, private readonly weights: WeightSource) {}

  run (input: FeatureMap): FeatureMap {
    const { stem, entryFilters, middle, exitFilters, head } = this.architecture
    let map = this.convolution('block1_conv1', input, stem.filters[0], 3, stem.strides[0], stem.padding)
    map = this.convolution('block1_conv2', activate('relu', map), stem.filters[1], 3, stem.strides[1], stem.padding)
    map = activate('relu', map)
    let block = 2
    for (const filters of entryFilters) {
      map = this.downsamplingModule(`block${block}`, map, filters, filters, block > 2)
      block++
    }
    for (let repeat = 0; repeat < middle.repeats; repeat++) {
      map = this.middleModule(`block${block}`, map, middle.filters)
      block++
    }
    map = this.downsamplingModule(`block${block}`, map, exitFilters[0], exitFilters[1], true)
    block++
    map = activate('relu', this.separable(`block${block}_sepconv1`, map, exitFilters[2]))
    map = activate('relu', this.separable(`block${block}_sepconv2`, map, exitFilters[3]))
    return head.reduce((current, layer) => this.headLayer(layer, current), map)
  }

  private downsamplingModule (block: string, input: FeatureMap, first: number, second: number, startsWithRelu: boolean): FeatureMap {
    let map = this.separable(`${block}_sepconv1`, startsWithRelu ? activate('relu', input) : input, first)
    map = maxPool(this.separable(`${block}_sepconv2`, activate('relu', map), second))
    return this.architecture.residual ? add(map, this.convolution(`${block}_residual`, input, second, 1, 2, 'same')) : map
  }

  private middleModule (block: string, input: FeatureMap, filters: number): FeatureMap {
    let map = input
    for (const index of [1, 2, 3]) map = this.separable(`${block}_sepconv${index}`, activate('relu', map), filters)
    return this.architecture.residual ? add(map, input) : map
  }

  private headLayer (layer: HeadLayer, input: FeatureMap): FeatureMap {
    switch (layer.type) {
      case 'globalAveragePooling': return pool(input, (values) => values.reduce((sum, value) => sum + value, 0) / values.length)
      case 'globalMaxPooling': return pool(input, (values) => Math.max(...values))
      case 'flatten': return { height: 1, width: 1, channels: input.data.length, data: input.data }
      case 'batchNormalization': return this.batchNormalization(layer.name, input, layer.epsilon)
      case 'activation': return activate(layer.activation, input)
      case 'dense': {
        const product = convolve(input, this.weights(`${layer.name}/kernel`, [input.channels, layer.units]), layer.units, 1, 1, 'valid')
        const bias = this.weights(`${layer.name}/bias`, [layer.units])
        return activate(layer.activation, mapValues(product, (value, unit) => value + (bias[unit] ?? NaN)))
      }
    }
  }

  private convolution (name: string, input: FeatureMap, filters: number, kernelSize: number, stride: number, padding: Padding): FeatureMap {
    const kernel = this.weights(`${name}/kernel`, [kernelSize, kernelSize, input.channels, filters])
    return this.batchNormalization(`${name}_bn`, convolve(input, kernel, filters, kernelSize, stride, padding))
  }

  private separable (name: string, input: FeatureMap, filters: number): FeatureMap {
    const { channels } = input
    const between = depthwise(input, this.weights(`${name}/depthwise_kernel`, [3, 3, channels, 1]))
    const { intermediateActivation } = this.architecture
    const activated = intermediateActivation === 'none' ? between : activate(intermediateActivation, between)
    const kernel = this.weights(`${name}/pointwise_kernel`, [1, 1, channels, filters])
    return this.batchNormalization(`${name}_bn`, convolve(activated, kernel, filters, 1, 1, 'valid'))
  }

  private batchNormalization (name: string, input: FeatureMap, epsilon = this.architecture.batchNormEpsilon): FeatureMap {
    const statistic = (weight: string): ArrayLike<number> => this.weights(`${name}/${weight}`, [input.channels])
    const [gamma, beta, mean, variance] = [statistic('gamma'), statistic('beta'), statistic('moving_mean'), statistic('moving_variance')]
    return mapValues(input, (value, channel) =>
      (gamma[channel] ?? NaN) * (value - (mean[channel] ?? NaN)) / Math.sqrt((variance[channel] ?? NaN) + epsilon) + (beta[channel] ?? NaN))
  }
}

/** Kernel [height, width, in, out]. */
function convolve (input: FeatureMap, kernel: ArrayLike<number>, filters: number, size: number, stride: number, padding: Padding): FeatureMap {
  const rows = windows(input.height, size, stride, padding)
  const columns = windows(input.width, size, stride, padding)
  return fill(rows.count, columns.count, filters, (y, x, filter) => {
    let sum = 0
    for (let ky = 0; ky < size; ky++) {
      for (let kx = 0; kx < size; kx++) {
        for (let channel = 0; channel < input.channels; channel++) {
          const value = at(input, y * stride + ky - rows.before, x * stride + kx - columns.before, channel) ?? 0
          sum += value * (kernel[((ky * size + kx) * input.channels + channel) * filters + filter] ?? NaN)
        }
      }
    }
    return sum
  })
}

/** Kernel [3, 3, channels, 1], stride 1, 'same' padding. */
function depthwise (input: FeatureMap, kernel: ArrayLike<number>): FeatureMap {
  return fill(input.height, input.width, input.channels, (y, x, channel) => {
    let sum = 0
    for (let ky = 0; ky < 3; ky++) {
      for (let kx = 0; kx < 3; kx++) {
        sum += (at(input, y + ky - 1, x + kx - 1, channel) ?? 0) * (kernel[(ky * 3 + kx) * input.channels + channel] ?? NaN)
      }
    }
    return sum
  })
}

/** 3x3, stride 2, 'same' padding: a window's pixels outside the map do not take part. */
function maxPool (input: FeatureMap): FeatureMap {
  const rows = windows(input.height, 3, 2, 'same')
  const columns = windows(input.width, 3, 2, 'same')
  return fill(rows.count, columns.count, input.channels, (y, x, channel) => {
    let largest = -Infinity
    for (let ky = 0; ky < 3; ky++) {
      for (let kx = 0; kx < 3; kx++) {
        largest = Math.max(largest, at(input, y * 2 + ky - rows.before, x * 2 + kx - columns.before, channel) ?? -Infinity)
      }
    }
    return largest
  })
}

function pool (input: FeatureMap, reduce: (values: readonly number[]) => number): FeatureMap {
  return fill(1, 1, input.channels, (_y, _x, channel) => reduce([...input.data].filter((_, index) => index % input.channels === channel)))
}

function add (left: FeatureMap, right: FeatureMap): FeatureMap {
  return fill(left.height, left.width, left.channels, (y, x, channel) => (at(left, y, x, channel) ?? NaN) + (at(right, y, x, channel) ?? NaN))
}

function activate (activation: Activation, input: FeatureMap): FeatureMap {
  switch (activation) {
    case 'linear': return input
    case 'relu': return mapValues(input, (value) => Math.max(0, value))
    case 'elu': return mapValues(input, (value) => value > 0 ? value : Math.expm1(value))
    case 'sigmoid': return mapValues(input, (value) => 1 / (1 + Math.exp(-value)))
    case 'softmax': {
      const sum = input.data.reduce((total, value) => total + Math.exp(value), 0)
      return mapValues(input, (value) => Math.exp(value) / sum)
    }
  }
}

/** How many windows fit along one side, and how many pixels of padding stand before the first (TensorFlow's rule). */
function windows (length: number, size: number, stride: number, padding: Padding): { count: number, before: number } {
  if (padding === 'valid') return { count: Math.floor((length - size) / stride) + 1, before: 0 }
  const count = Math.ceil(length / stride)
  const total = Math.max((count - 1) * stride + size - length, 0)
  return { count, before: Math.floor(total / 2) }
}

/** The value at a position, undefined outside the map. */
function at (map: FeatureMap, y: number, x: number, channel: number): number | undefined {
  if (y < 0 || y >= map.height || x < 0 || x >= map.width) return undefined
  return map.data[(y * map.width + x) * map.channels + channel]
}

function fill (height: number, width: number, channels: number, value: (y: number, x: number, channel: number) => number): FeatureMap {
  const data = new Float64Array(height * width * channels)
  let index = 0
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let channel = 0; channel < channels; channel++) data[index++] = value(y, x, channel)
    }
  }
  return { height, width, channels, data }
}

function mapValues (input: FeatureMap, change: (value: number, channel: number) => number): FeatureMap {
  return { ...input, data: input.data.map((value, index) => change(value, index % input.channels)) }
}
