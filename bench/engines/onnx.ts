import protobuf from 'protobufjs/light.js'
import type { Activation, Layer, Network, Padding, Shape, Sides } from '../../src/model/network.js'
import { samePadding } from '../../src/model/shapes.js'
import { sizeOf, type Tensor, type Weights } from '../../src/model/weights.js'

/* The parts of ONNX's messages that the network needs, with the names and numbers of onnx/onnx.proto. */
const SCHEMA = {
  nested: {
    ModelProto: {
      fields: {
        irVersion: { id: 1, type: 'int64' },
        producerName: { id: 2, type: 'string' },
        graph: { id: 7, type: 'GraphProto' },
        opsetImport: { id: 8, rule: 'repeated', type: 'OperatorSetIdProto' }
      }
    },
    OperatorSetIdProto: { fields: { domain: { id: 1, type: 'string' }, version: { id: 2, type: 'int64' } } },
    GraphProto: {
      fields: {
        node: { id: 1, rule: 'repeated', type: 'NodeProto' },
        name: { id: 2, type: 'string' },
        initializer: { id: 5, rule: 'repeated', type: 'TensorProto' },
        input: { id: 11, rule: 'repeated', type: 'ValueInfoProto' },
        output: { id: 12, rule: 'repeated', type: 'ValueInfoProto' }
      }
    },
    NodeProto: {
      fields: {
        input: { id: 1, rule: 'repeated', type: 'string' },
        output: { id: 2, rule: 'repeated', type: 'string' },
        name: { id: 3, type: 'string' },
        opType: { id: 4, type: 'string' },
        attribute: { id: 5, rule: 'repeated', type: 'AttributeProto' }
      }
    },
    AttributeProto: {
      fields: {
        name: { id: 1, type: 'string' },
        f: { id: 2, type: 'float' },
        i: { id: 3, type: 'int64' },
        ints: { id: 8, rule: 'repeated', type: 'int64' },
        type: { id: 20, type: 'int32' }
      }
    },
    TensorProto: {
      fields: {
        dims: { id: 1, rule: 'repeated', type: 'int64' },
        dataType: { id: 2, type: 'int32' },
        name: { id: 8, type: 'string' },
        rawData: { id: 9, type: 'bytes' }
      }
    },
    ValueInfoProto: { fields: { name: { id: 1, type: 'string' }, type: { id: 2, type: 'TypeProto' } } },
    TypeProto: {
      fields: { tensorType: { id: 1, type: 'TensorType' } },
      nested: { TensorType: { fields: { elemType: { id: 1, type: 'int32' }, shape: { id: 2, type: 'TensorShapeProto' } } } }
    },
    TensorShapeProto: {
      fields: { dim: { id: 1, rule: 'repeated', type: 'Dimension' } },
      nested: { Dimension: { oneofs: { value: { oneof: ['dimValue', 'dimParam'] } }, fields: { dimValue: { id: 1, type: 'int64' }, dimParam: { id: 2, type: 'string' } } } }
    }
  }
}
const ModelProto = protobuf.Root.fromJSON(SCHEMA).lookupType('ModelProto')

const FLOAT = 1
const OPSET = 17
const IR_VERSION = 8
/** `AttributeProto.AttributeType`. */
const ATTRIBUTE_TYPES = { f: 1, i: 2, ints: 7 } as const

export const INPUT_NAME = 'pixels'
export const OUTPUT_NAME = 'probabilities'

type Attributes = Readonly<Record<string, { f: number } | { i: number } | { ints: readonly number[] }>>

/**
 * Writes a network as an ONNX model: float32 [batch, 3, size, size], already rescaled, to probabilities [batch, classes].
 *
 * Feature maps are NCHW and batch normalizations are left as they are: ONNX Runtime folds them into the convolutions, fuses
 * ReLU and residual sums and lays out the channels in blocks, all by itself, and does so best on the form that exporters write.
 */
export function encodeOnnx ({ input, layers }: Network, weights: Weights): Uint8Array {
  const writer = new Writer(weights, new Map(layers.map((layer) => [layer.name, layer.outputShape])))
  for (const layer of layers) writer.layer(layer)
  const last = layers.at(-1) as Layer
  writer.node('Identity', OUTPUT_NAME, [writer.valueOf(last.name)])
  const info = (name: string, shape: readonly number[]): object => ({
    name, type: { tensorType: { elemType: FLOAT, shape: { dim: [{ dimParam: 'batch' }, ...shape.map((size) => ({ dimValue: size }))] } } }
  })
  return ModelProto.encode(ModelProto.create({
    irVersion: IR_VERSION,
    producerName: 'xception-serve',
    opsetImport: [{ domain: '', version: OPSET }],
    graph: {
      name: 'xception',
      node: writer.nodes,
      initializer: writer.initializers,
      input: [info(INPUT_NAME, [input.channels, input.side, input.side])],
      output: [info(OUTPUT_NAME, last.outputShape)]
    }
  })).finish()
}

class Writer {
  readonly nodes: object[] = []
  readonly initializers: object[] = []
  private readonly values = new Map<string, string>()

  constructor (private readonly weights: Weights, private readonly shapes: ReadonlyMap<string, Shape>) {}

  valueOf (layer: string): string {
    return this.values.get(layer) ?? layer
  }

  node (opType: string, name: string, input: readonly string[], attributes: Attributes = {}): string {
    const attribute = Object.entries(attributes).map(([key, value]) => ({ name: key, ...value, type: ATTRIBUTE_TYPES[Object.keys(value)[0] as keyof typeof ATTRIBUTE_TYPES] }))
    this.nodes.push({ opType, name, input, output: [name], attribute })
    return name
  }

  layer (layer: Layer): void {
    const { name, operation } = layer
    const inputs = layer.inputs.map((input) => this.valueOf(input))
    const shape = this.shapes.get(layer.inputs[0] ?? '') ?? []
    switch (operation.kind) {
      case 'input': this.values.set(name, INPUT_NAME); break
      case 'convolution':
        this.node('Conv', name, [...inputs, this.kernel(layer, 'kernel')], convolutionAttributes(shape, operation.kernel, operation.strides, operation.padding))
        break
      case 'separableConvolution': {
        const attributes = { ...convolutionAttributes(shape, operation.kernel, operation.strides, operation.padding), group: { i: shape.at(-1) ?? 0 } }
        const depthwise = this.node('Conv', `${name}/depthwise`, [...inputs, this.kernel(layer, 'depthwise_kernel')], attributes)
        this.node('Conv', name, [depthwise, this.kernel(layer, 'pointwise_kernel')], convolutionAttributes(shape, [1, 1], [1, 1], 'valid'))
        break
      }
      case 'batchNormalization': {
        const statistics = ['gamma', 'beta', 'moving_mean', 'moving_variance'].map((weight) => this.initializer(`${name}/${weight}`, this.weight(layer, weight)))
        this.node('BatchNormalization', name, [...inputs, ...statistics], { epsilon: { f: operation.epsilon } })
        break
      }
      case 'activation': this.values.set(name, this.activation(name, inputs[0] ?? '', operation.activation)); break
      case 'maxPooling': {
        const { kernel_shape: kernelShape, strides, pads } = convolutionAttributes(shape, operation.size, operation.strides, operation.padding)
        this.node('MaxPool', name, inputs, { kernel_shape: kernelShape, strides, pads })
        break
      }
      case 'add': this.node('Add', name, inputs); break
      case 'globalAveragePooling': this.flat(name, this.node('GlobalAveragePool', `${name}/pooled`, inputs)); break
      case 'globalMaxPooling': this.flat(name, this.node('GlobalMaxPool', `${name}/pooled`, inputs)); break
      case 'flatten': throw new Error('flatten is not written: its order of values differs between NHWC and NCHW')
      case 'dense': {
        const weights = ['kernel', 'bias'].map((weight) => this.initializer(`${name}/${weight}`, this.weight(layer, weight)))
        this.node('Gemm', name, [...inputs, ...weights])
        break
      }
      default: throw new Error(`${operation.kind} is not written`)
    }
  }

  private flat (name: string, input: string): void {
    this.node('Flatten', name, [input])
  }

  /** Returns the name of the value, which is the input's where there is nothing to do. */
  private activation (name: string, input: string, activation: Activation): string {
    const opType = new Map([['relu', 'Relu'], ['elu', 'Elu'], ['sigmoid', 'Sigmoid'], ['softmax', 'Softmax']]).get(activation.function)
    if (opType === undefined) throw new Error(`${activation.function} is not written`)
    return this.node(opType, name, [input])
  }

  private weight (layer: Layer, weight: string): Tensor {
    const tensor = this.weights.get(`${layer.name}/${weight}`)
    if (tensor === undefined) throw new Error(`the weight ${layer.name}/${weight} is missing`)
    return tensor
  }

  private kernel (layer: Layer, weight: string): string {
    const tensor = this.weight(layer, weight)
    return this.initializer(`${layer.name}/${weight}`, weight === 'depthwise_kernel' ? depthwiseKernel(tensor) : outputFirst(tensor))
  }

  private initializer (name: string, { shape, data }: Tensor): string {
    this.initializers.push({ name, dims: shape, dataType: FLOAT, rawData: new Uint8Array(data.buffer, data.byteOffset, data.byteLength) })
    return name
  }
}

/** Attributes of a convolution or pooling on an [height, width, channels] feature map, with TensorFlow's padding rule. */
function convolutionAttributes (
  shape: readonly number[], size: Sides, strides: Sides, padding: Padding
): Record<'kernel_shape' | 'strides' | 'pads', { ints: number[] }> {
  const sides = ([0, 1] as const).map((axis) => padding === 'valid' ? { before: 0, after: 0 } : samePadding(shape[axis] ?? 0, size[axis], strides[axis], 1))
  const pads = [...sides.map(({ before }) => before), ...sides.map(({ after }) => after)]
  return { kernel_shape: { ints: [...size] }, strides: { ints: [...strides] }, pads: { ints: pads } }
}

/** [height, width, in, out] to [out, in, height, width]. */
function outputFirst ({ shape, data }: Tensor): Tensor {
  const [height, width, inputs, outputs] = shape as [number, number, number, number]
  return transposed(data, height * width, inputs, outputs, [outputs, inputs, height, width], (position, input, output) => (output * inputs + input) * height * width + position)
}

/** [height, width, in, 1] to [in, 1, height, width]. */
function depthwiseKernel ({ shape, data }: Tensor): Tensor {
  const [height, width, inputs] = shape as [number, number, number]
  return transposed(data, height * width, inputs, 1, [inputs, 1, height, width], (position, input) => input * height * width + position)
}

function transposed (data: Float32Array, positions: number, inputs: number, outputs: number, shape: readonly number[], target: (position: number, input: number, output: number) => number): Tensor {
  const result = new Float32Array(sizeOf(shape))
  let source = 0
  for (let position = 0; position < positions; position++) {
    for (let input = 0; input < inputs; input++) {
      for (let output = 0; output < outputs; output++) result[target(position, input, output)] = data[source++] as number
    }
  }
  return { shape, data: result }
}
