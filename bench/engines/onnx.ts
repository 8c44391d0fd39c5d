import {
  describeLayer, type Activation, type Layer, type Network, type OperationOf, type Padding, type Shape, type Sides
} from '../../src/model/network.js'
import { hasOnePosition, marginsOf } from '../../src/model/shapes.js'
import { sizeOf, type Tensor, type Weights } from '../../src/model/weights.js'
import { encodeModel, type Attribute, type Initializer, type OnnxNode } from './onnx-messages.js'

export const INPUT_NAME = 'pixels'
export const OUTPUT_NAME = 'probabilities'

type Attributes = Readonly<Record<string, Attribute>>

/**
 * Writes a network as an ONNX model: float32 [batch, channels, side, side], already rescaled, to probabilities [batch, classes].
 * Throws an Error of one sentence for an operation that it does not write.
 *
 * Feature maps are NCHW and batch normalizations are left as they are: ONNX Runtime folds them into the convolutions, fuses
 * ReLU and residual sums and lays out the channels in blocks, all by itself, and does so best on the form that exporters write.
 */
export function encodeOnnx ({ input, layers }: Network, weights: Weights): Uint8Array {
  const writer = new Writer(weights, new Map(layers.map((layer) => [layer.name, layer.outputShape])))
  for (const layer of layers) writer.layer(layer)
  const last = layers.at(-1) as Layer
  writer.node('Identity', OUTPUT_NAME, [writer.valueOf(last.name)])
  return encodeModel(
    writer.nodes,
    writer.initializers,
    { name: INPUT_NAME, shape: [input.channels, input.side, input.side] },
    { name: OUTPUT_NAME, shape: last.outputShape }
  )
}

class Writer {
  readonly nodes: OnnxNode[] = []
  readonly initializers: Initializer[] = []
  private readonly values = new Map<string, string>()

  constructor (private readonly weights: Weights, private readonly shapes: ReadonlyMap<string, Shape>) {}

  /** The name of what a layer gives: a prefix keeps it from the names of the graph's ends. */
  valueOf (layer: string): string {
    return this.values.get(layer) ?? `layers/${layer}`
  }

  node (opType: string, name: string, inputs: readonly string[], attributes: Attributes = {}): string {
    this.nodes.push({ opType, name, inputs, attributes })
    return name
  }

  layer (layer: Layer): void {
    const { operation } = layer
    const name = this.valueOf(layer.name)
    const inputs = layer.inputs.map((input) => this.valueOf(input))
    const [input = ''] = inputs
    const shape = this.shapes.get(layer.inputs[0] ?? '') ?? [1]
    switch (operation.kind) {
      case 'input': this.values.set(layer.name, INPUT_NAME); break
      case 'convolution':
        this.convolution(name, layer, { ...operation, shape }, [input, this.kernel(layer, 'kernel')], operation.groups)
        break
      case 'depthwiseConvolution':
        this.convolution(name, layer, { ...operation, shape }, [input, this.kernel(layer, 'depthwise_kernel')], shape.at(-1) ?? 0)
        break
      case 'separableConvolution': {
        const attributes = { ...windowAttributes({ ...operation, shape }), group: { i: shape.at(-1) ?? 0 } }
        const depthwise = this.node('Conv', `${name}/depthwise`, [input, this.kernel(layer, 'depthwise_kernel')], attributes)
        this.node('Conv', name, [depthwise, this.kernel(layer, 'pointwise_kernel'), ...this.bias(layer)])
        break
      }
      case 'batchNormalization': this.batchNormalization(name, layer, operation, input); break
      case 'affine': {
        const scaled = this.node('Mul', `${name}/scaled`, [input, this.perChannel(`${name}/scale`, operation.scale, shape)])
        this.node('Add', name, [scaled, this.perChannel(`${name}/offset`, operation.offset, shape)])
        break
      }
      case 'activation': this.activation(name, layer, operation.activation, input); break
      case 'maxPooling': this.node('MaxPool', name, inputs, poolAttributes(operation, shape)); break
      case 'averagePooling':
        this.node('AveragePool', name, inputs, { ...poolAttributes(operation, shape), count_include_pad: { i: 0 } })
        break
      case 'globalAveragePooling': case 'globalMaxPooling': {
        const op = operation.kind === 'globalMaxPooling' ? 'GlobalMaxPool' : 'GlobalAveragePool'
        if (operation.keepDimensions) this.node(op, name, inputs)
        else this.node('Flatten', name, [this.node(op, `${name}/pooled`, inputs)])
        break
      }
      case 'zeroPadding': {
        const { top, left, bottom, right } = operation
        this.node('Pad', name, [input, this.integers(`${name}/pads`, [0, 0, top, left, 0, 0, bottom, right])])
        break
      }
      case 'channelSlice': {
        const bounds = [['starts', operation.start], ['ends', operation.end], ['axes', 1]] as const
        this.node('Slice', name, [input, ...bounds.map(([bound, value]) => this.integers(`${name}/${bound}`, [value]))])
        break
      }
      case 'add': this.chain('Add', name, inputs); break
      case 'multiply': this.chain('Mul', name, inputs); break
      case 'concatenate': this.node('Concat', name, inputs, { axis: { i: 1 } }); break
      case 'reshape': this.reshape(name, input, shape, operation.shape); break
      case 'maximum': this.chain('Max', name, inputs); break
      case 'minimum': this.chain('Min', name, inputs); break
      case 'divide': this.node('Div', name, inputs); break
      case 'probabilities': this.node('Identity', name, inputs); break
      case 'unitNormalization': this.node('LpNormalization', name, inputs, { axis: { i: 1 }, p: { i: 2 } }); break
      case 'channelMean': case 'channelMax': {
        const op = operation.kind === 'channelMax' ? 'ReduceMax' : 'ReduceMean'
        this.node(op, name, inputs, { axes: { ints: [1] }, keepdims: { i: 1 } })
        break
      }
      case 'cropping': {
        const { top, bottom, left, right } = operation
        const [height, width = 1] = shape
        const bounds = [['starts', [top, left]], ['ends', [height - bottom, width - right]], ['axes', [2, 3]]] as const
        this.node('Slice', name, [input, ...bounds.map(([bound, numbers]) => this.integers(`${name}/${bound}`, numbers))])
        break
      }
      case 'parametricRelu': {
        const { shape: [channels = 1, height = 1, width = 1], data } = slopesByChannel(this.weight(layer, 'alpha'))
        const slopes = { shape: layer.outputShape.length === 3 ? [channels, height, width] : [channels], data }
        this.node('PRelu', name, [input, this.initializer(`${name}/alpha`, slopes)])
        break
      }
      case 'resizing': case 'layerNormalization':
        throw new Error(`${describeLayer(layer)} is not written as ONNX`)
      case 'flatten': this.reshape(name, input, shape, [sizeOf(shape)]); break
      case 'dense': {
        const kernel = this.initializer(`${name}/kernel`, this.weight(layer, 'kernel'))
        this.node('Gemm', name, [input, kernel, ...this.bias(layer)])
        break
      }
    }
  }

  private convolution (name: string, layer: Layer, window: Window, inputs: readonly string[], groups: number): void {
    this.node('Conv', name, [...inputs, ...this.bias(layer)], { ...windowAttributes(window), group: { i: groups } })
  }

  private batchNormalization (name: string, layer: Layer, operation: OperationOf<'batchNormalization'>, input: string): void {
    const { epsilon, scale, center } = operation
    const mean = this.weight(layer, 'moving_mean')
    const all = (value: number): Tensor => ({ shape: mean.shape, data: new Float32Array(mean.data.length).fill(value) })
    const statistics = {
      gamma: scale ? this.weight(layer, 'gamma') : all(1),
      beta: center ? this.weight(layer, 'beta') : all(0),
      moving_mean: mean,
      moving_variance: this.weight(layer, 'moving_variance')
    }
    const constants = Object.entries(statistics).map(([role, tensor]) => this.initializer(`${name}/${role}`, tensor))
    this.node('BatchNormalization', name, [input, ...constants], { epsilon: { f: epsilon } })
  }

  private activation (name: string, layer: Layer, activation: Activation, input: string): void {
    switch (activation.function) {
      case 'relu': {
        const { maximum } = activation
        if (maximum === undefined) this.node('Relu', name, [input])
        else this.node('Clip', name, [input, this.scalar(`${name}/minimum`, 0), this.scalar(`${name}/maximum`, maximum)])
        break
      }
      case 'selu': this.node('Selu', name, [input]); break
      case 'softplus': this.node('Softplus', name, [input]); break
      case 'softsign': this.node('Softsign', name, [input]); break
      case 'exponential': this.node('Exp', name, [input]); break
      case 'elu': this.node('Elu', name, [input], { alpha: { f: activation.alpha } }); break
      case 'leakyRelu': this.node('LeakyRelu', name, [input], { alpha: { f: activation.slope } }); break
      case 'sigmoid': this.node('Sigmoid', name, [input]); break
      case 'tanh': this.node('Tanh', name, [input]); break
      case 'softmax': this.node('Softmax', name, [input], { axis: { i: 1 } }); break
      case 'silu': this.node('Mul', name, [input, this.node('Sigmoid', `${name}/sigmoid`, [input])]); break
      case 'hardSigmoid': this.node('HardSigmoid', name, [input], { alpha: { f: activation.slope }, beta: { f: 0.5 } }); break
      case 'hardSwish': {
        const gate = this.node('HardSigmoid', `${name}/gate`, [input], { alpha: { f: activation.slope }, beta: { f: 0.5 } })
        this.node('Mul', name, [input, gate])
        break
      }
      default: throw new Error(`${describeLayer(layer)} computes ${activation.function}, which is not written as ONNX`)
    }
  }

  /** Values in the order that channels last give them. */
  private reshape (name: string, input: string, from: Shape, to: Shape): void {
    const transpose = (named: string, value: string, order: readonly number[]): string => (
      this.node('Transpose', named, [value], { perm: { ints: order } })
    )
    const channelsLast = hasOnePosition(from) ? input : transpose(`${name}/channels_last`, input, [0, 2, 3, 1])
    const isMap = to.length === 3
    const shape = this.integers(`${name}/shape`, [-1, ...to])
    const reshaped = this.node('Reshape', isMap ? `${name}/reshaped` : name, [channelsLast, shape])
    if (isMap) transpose(name, reshaped, [0, 3, 1, 2])
  }

  private chain (opType: string, name: string, [first = '', ...others]: readonly string[]): void {
    const nameOf = (index: number): string => index === others.length - 1 ? name : `${name}/${index + 1}`
    others.reduce((left, right, index) => this.node(opType, nameOf(index), [left, right]), first)
  }

  /** A number for all channels, or one a channel, in the shape in which it is repeated over positions. */
  private perChannel (name: string, numbers: number | readonly number[], shape: Shape): string {
    if (typeof numbers === 'number') return this.scalar(name, numbers)
    const positions = shape.length === 3 ? [1, 1] : []
    return this.initializer(name, { shape: [numbers.length, ...positions], data: Float32Array.from(numbers) })
  }

  private scalar (name: string, value: number): string {
    return this.initializer(name, { shape: [], data: Float32Array.of(value) })
  }

  private integers (name: string, values: readonly number[]): string {
    this.initializers.push({ name, shape: [values.length], data: BigInt64Array.from(values, BigInt) })
    return name
  }

  private bias (layer: Layer): string[] {
    if (!('bias' in layer.operation && layer.operation.bias)) return []
    return [this.initializer(`${this.valueOf(layer.name)}/bias`, this.weight(layer, 'bias'))]
  }

  private kernel (layer: Layer, role: string): string {
    const tensor = this.weight(layer, role)
    const channelsFirst = role === 'depthwise_kernel' ? depthwiseKernel(tensor) : outputFirst(tensor)
    return this.initializer(`${this.valueOf(layer.name)}/${role}`, channelsFirst)
  }

  private weight (layer: Layer, role: string): Tensor {
    const name = layer.weights.find((weight) => weight.role === role)?.name
    const tensor = name === undefined ? undefined : this.weights.get(name)
    if (tensor === undefined) throw new Error(`${describeLayer(layer)} has no weight called ${role}`)
    return tensor
  }

  private initializer (name: string, { shape, data }: Tensor): string {
    this.initializers.push({ name, shape, data })
    return name
  }
}

/** A window on a feature map [height, width, channels]. */
interface Window {
  readonly shape: Shape
  readonly kernel: Sides
  readonly strides: Sides
  readonly dilation: Sides
  readonly padding: Padding
}

function windowAttributes ({ shape, kernel, strides, dilation, padding }: Window): Attributes {
  const { top, bottom, left, right } = marginsOf(padding, [shape[0], shape[1] ?? 1], { size: kernel, strides, dilation })
  const pads = { ints: [top, left, bottom, right] }
  return { kernel_shape: { ints: kernel }, strides: { ints: strides }, dilations: { ints: dilation }, pads }
}

function poolAttributes ({ size, strides, padding }: OperationOf<'maxPooling' | 'averagePooling'>, shape: Shape): Attributes {
  const { dilations: _, ...attributes } = windowAttributes({ shape, kernel: size, strides, dilation: [1, 1], padding })
  return attributes
}

/** [height, width, in, out] to [out, in, height, width]. */
function outputFirst ({ shape, data }: Tensor): Tensor {
  const [height, width, inputs, outputs] = shape as [number, number, number, number]
  const target: Target = (position, input, output) => (output * inputs + input) * height * width + position
  return transposed(data, [height * width, inputs, outputs], [outputs, inputs, height, width], target)
}

/** [height, width, in, 1] to [in, 1, height, width]. */
function depthwiseKernel ({ shape, data }: Tensor): Tensor {
  const [height, width, inputs] = shape as [number, number, number]
  return transposed(data, [height * width, inputs, 1], [inputs, 1, height, width], (position, input) => input * height * width + position)
}

/** [height, width, channels], or [channels], to [channels, height, width]. */
function slopesByChannel ({ shape, data }: Tensor): Tensor {
  const [channels = 1, width = 1, height = 1] = shape.toReversed()
  const target: Target = (position, channel) => channel * height * width + position
  return transposed(data, [height * width, channels, 1], [channels, height, width], target)
}

/** Where the number of a position, an input and an output goes. */
type Target = (position: number, input: number, output: number) => number

function transposed (data: Float32Array, sides: readonly [number, number, number], shape: readonly number[], target: Target): Tensor {
  const [positions, inputs, outputs] = sides
  const result = new Float32Array(sizeOf(shape))
  let source = 0
  for (let position = 0; position < positions; position++) {
    for (let input = 0; input < inputs; input++) {
      for (let output = 0; output < outputs; output++) result[target(position, input, output)] = data[source++] as number
    }
  }
  return { shape, data: result }
}
