import type { Rescaling } from '../model/input.js'
import { describeLayer, outputUnits, type Activation, type Layer, type Network, type Shape } from '../model/network.js'
import { sizeOf, type Weights } from '../model/weights.js'
import { GraphBuilder, type Precision } from './graph-builder.js'
import { checkWeights } from './check-weights.js'
import { batchNormAffine, foldIntoKernel, weightOf } from './fold.js'
import { DATA_TYPES, encodeSavedModel, shapeProto } from './messages.js'

export interface CompileOptions {
  readonly network: Network
  readonly weights: Weights
  readonly precision: Precision
}

/** The graph's ends: a vector of strings, each the raw RGB bytes of one image, and [batch, classes] probabilities. */
const INPUT_NODE = 'images'
const OUTPUT_NODE = 'probabilities'

/**
 * Compiles a network into a serialized TensorFlow SavedModel without variables, for any batch size.
 *
 * Batch normalization is folded into the convolution before it. Pointwise convolutions are emitted as MatMul, which
 * TensorFlow runs faster than the same work as Conv2D, and their bias and ReLU follow directly so that TensorFlow's
 * optimizer fuses all three into one op.
 *
 * Throws a WeightsError if a weight is missing, has another shape than the architecture says, or belongs to no layer.
 */
export function compile ({ network, weights, precision }: CompileOptions): Uint8Array {
  const { layers } = network
  checkWeights(layers, weights)
  const emitter = new Emitter(weights, precision, layers)
  const values = new Map<string, Value>()
  for (const layer of layers) {
    const inputs = layer.inputs.map((name) => values.get(name) as Value)
    values.set(layer.name, layer.operation.kind === 'input' ? emitter.input(layer, network.input.rescaling) : emitter.layer(layer, inputs))
  }
  const output = emitter.output(values.get(layers.at(-1)?.name ?? '') as Value, outputUnits(network))
  return encodeSavedModel(
    emitter.graph.nodes,
    { images: { name: `${INPUT_NODE}:0`, dtype: DATA_TYPES.string, tensorShape: shapeProto([-1]) } },
    { probabilities: { name: `${output.node}:0`, dtype: DATA_TYPES.float32, tensorShape: shapeProto([-1, output.classes]) } }
  )
}

/**
 * What a layer gave. A feature map is kept in the form that its op gave, [batch, height, width, channels] or, after a
 * MatMul, [batch * height * width, channels]; element-wise ops run on either, so few reshapes are needed.
 */
interface Value {
  readonly node: string
  readonly shape: Shape
  readonly form: 'spatial' | 'rows'
  readonly type: Precision
}

class Emitter {
  readonly graph = new GraphBuilder()
  /** Batch normalizations by the name of the convolution that each follows and is folded into. */
  private readonly foldedNormalizations: ReadonlyMap<string, Layer>
  /** Reshaped feature maps by node and form, since several layers may read one. */
  private readonly reshapes = new Map<string, string>()

  constructor (
    private readonly weights: Weights,
    private readonly precision: Precision,
    layers: readonly Layer[]
  ) {
    const convolutions = new Set(layers.filter(({ operation: { kind } }) => kind === 'convolution' || kind === 'separableConvolution').map(({ name }) => name))
    this.foldedNormalizations = new Map(layers
      .filter(({ operation }) => operation.kind === 'batchNormalization')
      .flatMap((layer) => layer.inputs.filter((input) => convolutions.has(input)).map((input) => [input, layer])))
  }

  input ({ outputShape }: Layer, { scale, offset }: Rescaling): Value {
    const bytes = this.graph.decodeRaw('input/bytes', this.graph.placeholder(INPUT_NODE, 'string', [-1]))
    const pixels = this.graph.reshape('input/pixels', bytes, 'uint8', [-1, ...outputShape])
    const perChannel = (name: string, value: number | readonly number[]): string => {
      const numbers = typeof value === 'number' ? [value] : value
      return this.graph.weights(name, 'float32', [numbers.length], Float32Array.from(numbers))
    }
    const scaled = this.graph.binary('input/scaled', 'Mul', this.graph.cast('input/float', pixels, 'uint8', 'float32'), perChannel('input/scale', scale), 'float32')
    const node = this.graph.binary('input/rescaled', 'AddV2', scaled, perChannel('input/offset', offset), 'float32')
    return this.toType({ node, shape: outputShape, form: 'spatial', type: 'float32' }, this.precision)
  }

  layer (layer: Layer, [input, other]: readonly Value[]): Value {
    if (input === undefined) throw new Error(`${layer.name} reads nothing`)
    const { operation, name, outputShape: shape } = layer
    switch (operation.kind) {
      case 'convolution': return this.convolution(layer, input)
      case 'separableConvolution': return this.separableConvolution(layer, input)
      case 'batchNormalization': return this.isFolded(layer) ? input : this.batchNormalization(layer, input)
      case 'activation': return this.activation(name, input, operation.activation)
      case 'maxPooling': {
        const { node, type } = this.spatial(input)
        return { node: this.graph.maxPool(name, node, type, operation.size[0], operation.strides[0]), shape, form: 'spatial', type }
      }
      case 'add': return this.add(name, input, other as Value)
      case 'globalAveragePooling': return this.globalPooling(layer, input, 'Mean')
      case 'globalMaxPooling': return this.globalPooling(layer, input, 'Max')
      case 'flatten': {
        const { node, type } = this.toType(input, 'float32')
        return { node: this.graph.reshape(name, node, type, [-1, sizeOf(shape)]), shape, form: 'rows', type }
      }
      case 'dense': return this.dense(layer, input)
      case 'depthwiseConvolution': {
        const { node, type } = this.spatial(input)
        return { node: this.depthwise(layer, node, type), shape, form: 'spatial', type }
      }
      default: throw new Error(`${describeLayer(layer)} is not compiled`)
    }
  }

  /** The graph's output. A single sigmoid unit becomes two probabilities, the unit's second. */
  output ({ node, type }: Value, units: number): { readonly node: string, readonly classes: number } {
    if (units > 1) return { node: this.graph.reshape(OUTPUT_NODE, node, type, [-1, units]), classes: units }
    const one = this.graph.weights('output/one', type, [1], Float32Array.of(1))
    return { node: this.graph.concat(OUTPUT_NODE, this.graph.binary('output/complement', 'Sub', one, node, type), node, type), classes: 2 }
  }

  private convolution (layer: Layer, input: Value): Value {
    if (layer.operation.kind !== 'convolution') throw new Error(`${layer.name} is not a convolution`)
    const { strides: [stride], padding, kernel: [size] } = layer.operation
    if (size === 1 && stride === 1) return this.pointwise(layer, input, 'kernel')
    const { node, type } = this.spatial(input)
    const { kernel, bias } = foldIntoKernel(weightOf(layer, 'kernel', this.weights), this.affineAfter(layer))
    const kernelNode = this.graph.weights(`${layer.name}/kernel`, type, kernel.shape, kernel.data)
    const convolved = this.graph.convolution(layer.name, node, kernelNode, type, stride, padding)
    return { node: this.bias(layer, convolved, bias, type), shape: layer.outputShape, form: 'spatial', type }
  }

  private separableConvolution (layer: Layer, input: Value): Value {
    const { node, type } = this.spatial(input)
    const depthwise: Value = { node: this.depthwise(layer, node, type), shape: input.shape, form: 'spatial', type }
    return this.pointwise(layer, depthwise, 'pointwise_kernel')
  }

  private depthwise (layer: Layer, node: string, type: Precision): string {
    const kernel = weightOf(layer, 'depthwise_kernel', this.weights)
    const kernelNode = this.graph.weights(`${layer.name}/depthwise_kernel`, type, kernel.shape, kernel.data)
    return this.graph.depthwiseConvolution(`${layer.name}/depthwise`, node, kernelNode, type)
  }

  private pointwise (layer: Layer, input: Value, role: string): Value {
    const { kernel, bias } = foldIntoKernel(weightOf(layer, role, this.weights), this.affineAfter(layer))
    const kernelNode = this.graph.weights(`${layer.name}/${role}`, input.type, kernel.shape.slice(2), kernel.data)
    const product = this.graph.matMul(layer.name, this.rows(input).node, kernelNode, input.type)
    return { node: this.bias(layer, product, bias, input.type), shape: layer.outputShape, form: 'rows', type: input.type }
  }

  private dense (layer: Layer, input: Value): Value {
    const { node, type } = this.toType(input, 'float32')
    const kernel = weightOf(layer, 'kernel', this.weights)
    const kernelNode = this.graph.weights(`${layer.name}/kernel`, type, kernel.shape, kernel.data)
    const product = this.graph.matMul(layer.name, node, kernelNode, type)
    const biased = this.bias(layer, product, weightOf(layer, 'bias', this.weights).data, type)
    return { node: biased, shape: layer.outputShape, form: 'rows', type }
  }

  /** A batch normalization that follows no convolution, as heads have them. */
  private batchNormalization (layer: Layer, input: Value): Value {
    const value = this.toType(input, 'float32')
    const { scale, shift } = batchNormAffine(layer, this.weights)
    const constant = (name: string, numbers: Float64Array): string => this.graph.weights(`${layer.name}/${name}`, 'float32', [numbers.length], Float32Array.from(numbers))
    const scaled = this.graph.binary(`${layer.name}/scaled`, 'Mul', value.node, constant('scale', scale), 'float32')
    return { ...value, node: this.graph.binary(layer.name, 'AddV2', scaled, constant('shift', shift), 'float32') }
  }

  private activation (name: string, input: Value, activation: Activation): Value {
    switch (activation.function) {
      case 'relu': return { ...input, node: this.graph.unary(name, 'Relu', input.node, input.type) }
      case 'elu': return { ...input, node: this.graph.unary(name, 'Elu', input.node, input.type) }
      case 'sigmoid': return { ...input, node: this.graph.unary(name, 'Sigmoid', input.node, input.type) }
      case 'softmax': return { ...input, node: this.graph.unary(name, 'Softmax', input.node, input.type) }
      default: throw new Error(`${activation.function} is not compiled`)
    }
  }

  private add (name: string, left: Value, right: Value): Value {
    const sameForm = left.form === right.form
    const [a, b] = sameForm ? [left, right] : [this.spatial(left), this.spatial(right)]
    return { ...a, node: this.graph.binary(name, 'AddV2', a.node, b.node, a.type) }
  }

  /** Sums over many positions and all that follows are in float32, whatever the network computes in. */
  private globalPooling (layer: Layer, input: Value, op: 'Mean' | 'Max'): Value {
    const { node } = this.toType(this.spatial(input), 'float32')
    return { node: this.graph.reduceSpatial(layer.name, op, node, 'float32'), shape: layer.outputShape, form: 'rows', type: 'float32' }
  }

  private bias (layer: Layer, input: string, bias: Float32Array, type: Precision): string {
    return this.graph.biasAdd(`${layer.name}/biased`, input, this.graph.weights(`${layer.name}/bias`, type, [bias.length], bias), type)
  }

  private affineAfter (layer: Layer): ReturnType<typeof batchNormAffine> {
    const normalization = this.foldedNormalizations.get(layer.name)
    if (normalization === undefined) throw new Error(`${layer.name} is not followed by a batch normalization`)
    return batchNormAffine(normalization, this.weights)
  }

  private isFolded (normalization: Layer): boolean {
    return normalization.inputs.some((input) => this.foldedNormalizations.has(input))
  }

  private spatial (value: Value): Value {
    return value.form === 'spatial' ? value : { ...value, node: this.reshaped(value, 'spatial', [-1, ...value.shape]), form: 'spatial' }
  }

  private rows (value: Value): Value {
    return value.form === 'rows' ? value : { ...value, node: this.reshaped(value, 'rows', [-1, value.shape.at(-1) ?? 0]), form: 'rows' }
  }

  private reshaped (value: Value, form: string, shape: readonly number[]): string {
    const name = `${value.node}/${form}`
    const node = this.reshapes.get(name) ?? this.graph.reshape(name, value.node, value.type, shape)
    this.reshapes.set(name, node)
    return node
  }

  private toType (value: Value, type: Precision): Value {
    return value.type === type ? value : { ...value, node: this.graph.cast(`${value.node}/${type}`, value.node, value.type, type), type }
  }
}
