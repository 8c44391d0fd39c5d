import protobuf from 'protobufjs/light.js'

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
      nested: {
        Dimension: {
          oneofs: { value: { oneof: ['dimValue', 'dimParam'] } },
          fields: { dimValue: { id: 1, type: 'int64' }, dimParam: { id: 2, type: 'string' } }
        }
      }
    }
  }
}
const ModelProto = protobuf.Root.fromJSON(SCHEMA).lookupType('ModelProto')

const OPSET = 17
const IR_VERSION = 8

/** `TensorProto.DataType`. */
const DATA_TYPES = { float32: 1, int64: 7 } as const
/** `AttributeProto.AttributeType`. */
const ATTRIBUTE_TYPES = { f: 1, i: 2, ints: 7 } as const

export type Attribute = { readonly f: number } | { readonly i: number } | { readonly ints: readonly number[] }

/** One op, whose result has its own name. */
export interface OnnxNode {
  readonly opType: string
  readonly name: string
  readonly inputs: readonly string[]
  readonly attributes: Readonly<Record<string, Attribute>>
}

/** A constant: float32 numbers, or the integers that some ops take as an input. */
export interface Initializer {
  readonly name: string
  readonly shape: readonly number[]
  readonly data: Float32Array | BigInt64Array
}

/** A float32 input or output, the batch left out of its shape. */
export interface OnnxEnd { readonly name: string, readonly shape: readonly number[] }

/** Serializes a graph as an ONNX model. */
export function encodeModel (
  nodes: readonly OnnxNode[], initializers: readonly Initializer[], input: OnnxEnd, output: OnnxEnd
): Uint8Array {
  return ModelProto.encode(ModelProto.create({
    irVersion: IR_VERSION,
    producerName: 'xception-serve',
    opsetImport: [{ domain: '', version: OPSET }],
    graph: {
      name: 'network',
      node: nodes.map(({ opType, name, inputs, attributes }) => (
        { opType, name, input: inputs, output: [name], attribute: Object.entries(attributes).map(([key, value]) => attribute(key, value)) }
      )),
      initializer: initializers.map(({ name, shape, data }) => ({
        name,
        dims: shape,
        dataType: data instanceof Float32Array ? DATA_TYPES.float32 : DATA_TYPES.int64,
        rawData: new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
      })),
      input: [valueInfo(input)],
      output: [valueInfo(output)]
    }
  })).finish()
}

function attribute (name: string, value: Attribute): object {
  return { name, ...value, type: ATTRIBUTE_TYPES['f' in value ? 'f' : 'i' in value ? 'i' : 'ints'] }
}

function valueInfo ({ name, shape }: OnnxEnd): object {
  const dim = [{ dimParam: 'batch' }, ...shape.map((size) => ({ dimValue: size }))]
  return { name, type: { tensorType: { elemType: DATA_TYPES.float32, shape: { dim } } } }
}
