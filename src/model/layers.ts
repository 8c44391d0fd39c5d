import type { Activation, Architecture, HeadLayer } from './architecture.js'

/** Height, width and channels of a feature map, or the length of a vector; the batch dimension is left out. */
export type Shape = readonly [height: number, width: number, channels: number] | readonly [length: number]

export type Padding = 'valid' | 'same'

/** One named weight of a layer: `<layer>/<weight>`, Keras's names and dimension order (HWIO). */
export interface WeightSpec {
  readonly name: string
  readonly shape: readonly number[]
}

/** What a layer computes, with the numbers that define it. */
export type Operation =
  | { readonly kind: 'input' }
  | { readonly kind: 'convolution', readonly kernelSize: number, readonly stride: number, readonly padding: Padding }
  | { readonly kind: 'separableConvolution', readonly kernelSize: number, readonly intermediateActivation: 'none' | 'relu' | 'elu' }
  | { readonly kind: 'batchNormalization', readonly epsilon: number }
  | { readonly kind: 'activation', readonly activation: Activation }
  | { readonly kind: 'maxPooling', readonly size: number, readonly stride: number }
  | { readonly kind: 'add' }
  | { readonly kind: 'globalAveragePooling' }
  | { readonly kind: 'globalMaxPooling' }
  | { readonly kind: 'flatten' }
  | { readonly kind: 'dense', readonly activation: Activation }

/** One layer of the network, in Keras's order and with Keras's names. */
export interface Layer {
  readonly name: string
  /** 1 to 14 in the paper's network; 0 for the input, and for the head. */
  readonly module: number
  readonly flow: 'entry' | 'middle' | 'exit' | 'head'
  readonly operation: Operation
  /** Names of the layers it reads. */
  readonly inputs: readonly string[]
  readonly outputShape: Shape
  readonly weights: readonly WeightSpec[]
  readonly parameters: number
  /** Multiply-adds for one image; additions alone, poolings and activations are not counted. */
  readonly multiplyAdds: number
}

const KERNEL_SIZE = 3
const POOL = { kind: 'maxPooling', size: 3, stride: 2 } as const

/**
 * Walks an architecture into its layers, from the input to the probabilities.
 * Throws an Error if a feature map would have no pixel left.
 *
 * The 1x1 convolutions of the residual connections are called `block<N>_residual`: Keras numbers them
 * (`conv2d_4`) by what was built before in the same process, so its names say nothing.
 */
export function layersOf (architecture: Architecture): readonly Layer[] {
  const walk = new Walk(architecture)
  entryFlow(walk, architecture)
  middleFlow(walk, architecture)
  exitFlow(walk, architecture)
  head(walk, architecture.head)
  return walk.layers
}

/** Number of values that the last layer gives. Throws an Error if they cannot be one probability a class. */
export function outputUnits (layers: readonly Layer[]): number {
  const shape = layers.at(-1)?.outputShape
  if (shape?.length !== 1) throw new Error('architecture: head must end in one number a class, so it needs a pooling or a flatten layer')
  const [units] = shape
  const operation = layers.at(-1)?.operation
  if (units === 1 && operation !== undefined && 'activation' in operation && operation.activation === 'softmax') {
    throw new Error('architecture: head ends in a softmax over one unit, which always gives 1: use sigmoid, or two units')
  }
  return units
}

/** Number of classes: the output's units, or two where a single sigmoid unit decides between two labels. */
export function classCount (layers: readonly Layer[]): number {
  return Math.max(2, outputUnits(layers))
}

function entryFlow (walk: Walk, { stem, entryFilters, residual }: Architecture): void {
  walk.enter(1, 'entry')
  stem.filters.forEach((filters, index) => {
    walk.convolution(`block1_conv${index + 1}`, filters, KERNEL_SIZE, stem.strides[index] ?? 1, stem.padding)
    walk.activation(`block1_conv${index + 1}_act`, 'relu')
  })
  entryFilters.forEach((filters, index) => {
    walk.enter(index + 2, 'entry')
    downsamplingModule(walk, [filters, filters], residual, index > 0)
  })
}

function middleFlow (walk: Walk, { entryFilters, middle, residual }: Architecture): void {
  for (let repeat = 0; repeat < middle.repeats; repeat++) {
    walk.enter(entryFilters.length + 2 + repeat, 'middle')
    const input = walk.last
    for (let index = 1; index <= 3; index++) {
      walk.activation(`block${walk.module}_sepconv${index}_act`, 'relu')
      walk.separableConvolution(`block${walk.module}_sepconv${index}`, middle.filters)
    }
    if (residual) walk.add(`block${walk.module}_add`, walk.last, input)
  }
}

function exitFlow (walk: Walk, { entryFilters, middle, exitFilters, residual }: Architecture): void {
  const first = entryFilters.length + middle.repeats + 2
  walk.enter(first, 'exit')
  downsamplingModule(walk, [exitFilters[0], exitFilters[1]], residual, true)
  walk.enter(first + 1, 'exit')
  ;[exitFilters[2], exitFilters[3]].forEach((filters, index) => {
    walk.separableConvolution(`block${walk.module}_sepconv${index + 1}`, filters)
    walk.activation(`block${walk.module}_sepconv${index + 1}_act`, 'relu')
  })
}

/**
 * Two separable convolutions and a max pooling, beside a strided 1x1 convolution.
 * Only the first module of the entry flow starts without ReLU.
 */
function downsamplingModule (walk: Walk, filters: readonly [number, number], residual: boolean, startsWithRelu: boolean): void {
  const block = `block${walk.module}`
  const input = walk.last
  filters.forEach((count, index) => {
    if (index > 0 || startsWithRelu) walk.activation(`${block}_sepconv${index + 1}_act`, 'relu')
    walk.separableConvolution(`${block}_sepconv${index + 1}`, count)
  })
  const main = walk.last
  if (residual) {
    const shortcut = walk.convolution(`${block}_residual`, filters[1], 1, POOL.stride, 'same', input)
    walk.add(`${block}_add`, walk.maxPooling(`${block}_pool`, main), shortcut)
  } else {
    walk.maxPooling(`${block}_pool`, main)
  }
}

function head (walk: Walk, layers: readonly HeadLayer[]): void {
  walk.enter(0, 'head')
  layers.forEach((layer, index) => {
    switch (layer.type) {
      case 'dense': walk.dense(layer.name, layer.units, layer.activation); break
      case 'batchNormalization': walk.batchNormalization(layer.name, layer.epsilon); break
      case 'activation': walk.activation(`head${index + 1}_${layer.activation}`, layer.activation); break
      case 'flatten': walk.flatten(`head${index + 1}_flatten`); break
      case 'globalAveragePooling': walk.globalPooling('avg_pool', layer.type); break
      case 'globalMaxPooling': walk.globalPooling('max_pool', layer.type); break
    }
  })
}

/** Appends layers one by one and keeps track of shapes; each method returns the layer's name. */
class Walk {
  readonly layers: Layer[] = []
  module = 0
  private flow: Layer['flow'] = 'entry'
  private readonly shapes = new Map<string, Shape>()
  private readonly epsilon: number
  private readonly intermediateActivation: Architecture['intermediateActivation']

  constructor (architecture: Architecture) {
    this.epsilon = architecture.batchNormEpsilon
    this.intermediateActivation = architecture.intermediateActivation
    this.append({
      name: 'input',
      operation: { kind: 'input' },
      inputs: [],
      outputShape: [architecture.inputSize, architecture.inputSize, 3]
    })
  }

  enter (module: number, flow: Layer['flow']): void {
    this.module = module
    this.flow = flow
  }

  get last (): string {
    return this.layers.at(-1)?.name ?? ''
  }

  /** A standard convolution and its batch normalization. */
  convolution (name: string, filters: number, kernelSize: number, stride: number, padding: Padding, input = this.last): string {
    const [height, width, channels] = this.featureMap(input, name)
    const outputShape = [outputSize(height, kernelSize, stride, padding), outputSize(width, kernelSize, stride, padding), filters] as const
    if (outputShape[0] < 1) throw new Error(`architecture: inputSize is too small, ${name} has no pixel left`)
    const kernel = [kernelSize, kernelSize, channels, filters]
    this.append({
      name,
      operation: { kind: 'convolution', kernelSize, stride, padding },
      inputs: [input],
      outputShape,
      weights: [{ name: 'kernel', shape: kernel }],
      multiplyAdds: outputShape[0] * outputShape[1] * product(kernel)
    })
    return this.batchNormalization(`${name}_bn`, this.epsilon)
  }

  /** A depthwise separable convolution and its batch normalization. */
  separableConvolution (name: string, filters: number): string {
    const [height, width, channels] = this.featureMap(this.last, name)
    const depthwise = [KERNEL_SIZE, KERNEL_SIZE, channels, 1]
    const pointwise = [1, 1, channels, filters]
    this.append({
      name,
      operation: { kind: 'separableConvolution', kernelSize: KERNEL_SIZE, intermediateActivation: this.intermediateActivation },
      inputs: [this.last],
      outputShape: [height, width, filters],
      weights: [{ name: 'depthwise_kernel', shape: depthwise }, { name: 'pointwise_kernel', shape: pointwise }],
      multiplyAdds: height * width * (product(depthwise) + product(pointwise))
    })
    return this.batchNormalization(`${name}_bn`, this.epsilon)
  }

  batchNormalization (name: string, epsilon: number): string {
    const outputShape = this.shapeOf(this.last)
    const shape = [outputShape.at(-1) ?? 0]
    const weights = ['gamma', 'beta', 'moving_mean', 'moving_variance'].map((weight) => ({ name: weight, shape }))
    return this.append({ name, operation: { kind: 'batchNormalization', epsilon }, inputs: [this.last], outputShape, weights })
  }

  activation (name: string, activation: Activation): string {
    return this.append({ name, operation: { kind: 'activation', activation }, inputs: [this.last], outputShape: this.shapeOf(this.last) })
  }

  maxPooling (name: string, input: string): string {
    const [height, width, channels] = this.featureMap(input, name)
    const outputShape = [
      outputSize(height, POOL.size, POOL.stride, 'same'),
      outputSize(width, POOL.size, POOL.stride, 'same'),
      channels
    ] as const
    return this.append({ name, operation: POOL, inputs: [input], outputShape })
  }

  add (name: string, left: string, right: string): string {
    return this.append({ name, operation: { kind: 'add' }, inputs: [left, right], outputShape: this.shapeOf(left) })
  }

  globalPooling (name: string, kind: 'globalAveragePooling' | 'globalMaxPooling'): string {
    const [, , channels] = this.featureMap(this.last, name)
    return this.append({ name, operation: { kind }, inputs: [this.last], outputShape: [channels] })
  }

  flatten (name: string): string {
    return this.append({ name, operation: { kind: 'flatten' }, inputs: [this.last], outputShape: [product(this.shapeOf(this.last))] })
  }

  dense (name: string, units: number, activation: Activation): string {
    const shape = this.shapeOf(this.last)
    if (shape.length !== 1) {
      throw new Error(`architecture: ${name} takes a vector, so the head needs a pooling or a flatten layer before it`)
    }
    return this.append({
      name,
      operation: { kind: 'dense', activation },
      inputs: [this.last],
      outputShape: [units],
      weights: [{ name: 'kernel', shape: [shape[0], units] }, { name: 'bias', shape: [units] }],
      multiplyAdds: shape[0] * units
    })
  }

  private append (
    layer: Pick<Layer, 'name' | 'operation' | 'inputs' | 'outputShape'> & Partial<Pick<Layer, 'weights' | 'multiplyAdds'>>
  ): string {
    if (this.shapes.has(layer.name)) throw new Error(`architecture: two layers are called ${layer.name}`)
    const weights = (layer.weights ?? []).map((weight) => ({ ...weight, name: `${layer.name}/${weight.name}` }))
    const parameters = weights.reduce((sum, weight) => sum + product(weight.shape), 0)
    this.layers.push({ multiplyAdds: 0, ...layer, module: this.module, flow: this.flow, weights, parameters })
    this.shapes.set(layer.name, layer.outputShape)
    return layer.name
  }

  private shapeOf (name: string): Shape {
    const shape = this.shapes.get(name)
    if (shape === undefined) throw new Error(`architecture: there is no layer ${name}`)
    return shape
  }

  private featureMap (input: string, reader: string): readonly [number, number, number] {
    const shape = this.shapeOf(input)
    if (shape.length !== 3) throw new Error(`architecture: ${reader} takes a feature map, and ${input} gives a vector`)
    return shape
  }
}

/** TensorFlow's rule for the side of a convolution's or a pooling's output. */
function outputSize (size: number, kernelSize: number, stride: number, padding: Padding): number {
  return padding === 'same' ? Math.ceil(size / stride) : Math.ceil((size - kernelSize + 1) / stride)
}

function product (shape: readonly number[]): number {
  return shape.reduce((total, size) => total * size, 1)
}
