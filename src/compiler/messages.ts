import protobuf from 'protobufjs/light.js'

/*
 * The parts of TensorFlow's messages that a SavedModel of constants needs, with TensorFlow's field names and numbers
 * (tensorflow/core/protobuf/saved_model.proto, meta_graph.proto, framework/graph.proto, node_def.proto, attr_value.proto, tensor.proto).
 */
const SCHEMA = {
  nested: {
    SavedModel: {
      fields: { savedModelSchemaVersion: { id: 1, type: 'int64' }, metaGraphs: { id: 2, rule: 'repeated', type: 'MetaGraphDef' } }
    },
    MetaGraphDef: {
      fields: {
        metaInfoDef: { id: 1, type: 'MetaInfoDef' },
        graphDef: { id: 2, type: 'GraphDef' },
        signatureDef: { id: 5, keyType: 'string', type: 'SignatureDef' },
        assetFileDef: { id: 6, rule: 'repeated', type: 'AssetFileDef' }
      },
      nested: {
        MetaInfoDef: { fields: { tags: { id: 4, rule: 'repeated', type: 'string' }, tensorflowVersion: { id: 5, type: 'string' } } }
      }
    },
    AssetFileDef: { fields: { tensorInfo: { id: 1, type: 'TensorInfo' }, filename: { id: 2, type: 'string' } } },
    SignatureDef: {
      fields: {
        inputs: { id: 1, keyType: 'string', type: 'TensorInfo' },
        outputs: { id: 2, keyType: 'string', type: 'TensorInfo' },
        methodName: { id: 3, type: 'string' }
      }
    },
    TensorInfo: {
      fields: { name: { id: 1, type: 'string' }, dtype: { id: 2, type: 'int32' }, tensorShape: { id: 3, type: 'TensorShapeProto' } }
    },
    GraphDef: { fields: { node: { id: 1, rule: 'repeated', type: 'NodeDef' }, versions: { id: 4, type: 'VersionDef' } } },
    VersionDef: { fields: { producer: { id: 1, type: 'int32' } } },
    NodeDef: {
      fields: {
        name: { id: 1, type: 'string' },
        op: { id: 2, type: 'string' },
        input: { id: 3, rule: 'repeated', type: 'string' },
        attr: { id: 5, keyType: 'string', type: 'AttrValue' }
      }
    },
    AttrValue: {
      oneofs: { value: { oneof: ['list', 's', 'i', 'f', 'b', 'type', 'shape', 'tensor'] } },
      fields: {
        list: { id: 1, type: 'ListValue' },
        s: { id: 2, type: 'bytes' },
        i: { id: 3, type: 'int64' },
        f: { id: 4, type: 'float' },
        b: { id: 5, type: 'bool' },
        type: { id: 6, type: 'int32' },
        shape: { id: 7, type: 'TensorShapeProto' },
        tensor: { id: 8, type: 'TensorProto' }
      },
      nested: { ListValue: { fields: { i: { id: 3, rule: 'repeated', type: 'int64' } } } }
    },
    TensorProto: {
      fields: { dtype: { id: 1, type: 'int32' }, tensorShape: { id: 2, type: 'TensorShapeProto' }, tensorContent: { id: 4, type: 'bytes' } }
    },
    TensorShapeProto: {
      fields: { dim: { id: 2, rule: 'repeated', type: 'Dim' } },
      nested: { Dim: { fields: { size: { id: 1, type: 'int64' } } } }
    }
  }
}
const root = protobuf.Root.fromJSON(SCHEMA)

/** TensorFlow's `DataType` numbers. */
export const DATA_TYPES = { float32: 1, uint8: 4, int8: 6, int32: 3, string: 7, bool: 10, bfloat16: 14 } as const
export type DataType = keyof typeof DATA_TYPES

/** Dimensions of a tensor, -1 where only the run knows. */
export interface TensorShapeProto { readonly dim: ReadonlyArray<{ readonly size: number }> }

/** One attribute of a node; exactly one field is set. */
export interface AttrValue {
  readonly list?: { readonly i: readonly number[] }
  readonly s?: Uint8Array
  readonly i?: number
  readonly f?: number
  readonly b?: boolean
  readonly type?: number
  readonly shape?: TensorShapeProto
  readonly tensor?: { readonly dtype: number, readonly tensorShape: TensorShapeProto, readonly tensorContent: Uint8Array }
}

export interface NodeDef {
  readonly name: string
  readonly op: string
  readonly input: readonly string[]
  readonly attr: Readonly<Record<string, AttrValue>>
}

export interface TensorInfo { readonly name: string, readonly dtype: number, readonly tensorShape: TensorShapeProto }

/** Dimensions as TensorFlow's message holds them. */
export function shapeProto (shape: readonly number[]): TensorShapeProto {
  return { dim: shape.map((size) => ({ size })) }
}

/** What a run of one kind is fed and gives, by the names that its caller uses. */
export interface SignatureInfo {
  readonly inputs: Readonly<Record<string, TensorInfo>>
  readonly outputs: Readonly<Record<string, TensorInfo>>
}

/** What TensorFlow's loader checks: tag and signature that TensorFlow Serving's clients expect too. */
export const SERVING_TAG = 'serve'
export const SERVING_SIGNATURE = 'serving_default'

/** By this name TensorFlow's loader finds the operation that it runs once, as a signature and as that signature's output. */
const INITIALIZATION = '__saved_model_init_op'

/** What TensorFlow's loader does before the first run. */
export interface Initialization {
  /** Name of the operation that it runs. */
  readonly operation: string
  /** The tensor that it feeds with the path of a file, and the file's name in the folder `assets`. */
  readonly asset: { readonly tensor: TensorInfo, readonly file: string }
}

/** `GraphDef.versions.producer` of TensorFlow 2.21; a lower one would switch on old behaviour of some ops. */
const PRODUCER = 2421

/** Serializes a graph with its signatures by name as `saved_model.pb`. */
export function encodeSavedModel (
  nodes: readonly NodeDef[], signatures: Readonly<Record<string, SignatureInfo>>, initialization?: Initialization
): Uint8Array {
  const type = root.lookupType('SavedModel')
  const methodName = 'tensorflow/serving/predict'
  return type.encode(type.create({
    savedModelSchemaVersion: 1,
    metaGraphs: [{
      metaInfoDef: { tags: [SERVING_TAG], tensorflowVersion: '2.21.0' },
      graphDef: { node: nodes, versions: { producer: PRODUCER } },
      signatureDef: {
        ...Object.fromEntries(Object.entries(signatures).map(([name, ends]) => [name, { ...ends, methodName }])),
        ...(initialization === undefined ? {} : { [INITIALIZATION]: { outputs: { [INITIALIZATION]: { name: initialization.operation } } } })
      },
      assetFileDef: initialization === undefined ? [] : [{ tensorInfo: initialization.asset.tensor, filename: initialization.asset.file }]
    }]
  })).finish()
}
