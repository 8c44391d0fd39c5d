import protobuf from 'protobufjs/light.js'
import { judged } from '../../../base/content.js'
import type { MetaGraph } from './graph-messages.js'

/** The parts that are read of tensorflow/core/protobuf/saved_model.proto and meta_graph.proto, and of framework/function.proto. */
const SCHEMA = {
  nested: {
    SavedModel: { fields: { metaGraphs: { id: 2, rule: 'repeated', type: 'MetaGraph' } } },
    MetaGraph: {
      fields: {
        info: { id: 1, type: 'Info' },
        graph: { id: 2, type: 'Graph' },
        signatures: { id: 5, keyType: 'string', type: 'Signature' }
      }
    },
    Info: { fields: { tags: { id: 4, rule: 'repeated', type: 'string' } } },
    Signature: {
      fields: { inputs: { id: 1, keyType: 'string', type: 'TensorInfo' }, outputs: { id: 2, keyType: 'string', type: 'TensorInfo' } }
    },
    TensorInfo: { fields: { name: { id: 1, type: 'string' }, dtype: { id: 2, type: 'int32' }, shape: { id: 3, type: 'Shape' } } },
    Graph: { fields: { nodes: { id: 1, rule: 'repeated', type: 'Node' }, library: { id: 2, type: 'Library' } } },
    Library: { fields: { functions: { id: 1, rule: 'repeated', type: 'Function' } } },
    Function: {
      fields: {
        signature: { id: 1, type: 'FunctionSignature' },
        nodes: { id: 3, rule: 'repeated', type: 'Node' },
        returns: { id: 4, keyType: 'string', type: 'string' }
      }
    },
    FunctionSignature: {
      fields: {
        name: { id: 1, type: 'string' },
        inputs: { id: 2, rule: 'repeated', type: 'Argument' },
        outputs: { id: 3, rule: 'repeated', type: 'Argument' }
      }
    },
    Argument: { fields: { name: { id: 1, type: 'string' } } },
    Node: {
      fields: {
        name: { id: 1, type: 'string' },
        op: { id: 2, type: 'string' },
        inputs: { id: 3, rule: 'repeated', type: 'string' },
        attributes: { id: 5, keyType: 'string', type: 'Attribute' }
      }
    },
    Attribute: {
      fields: {
        list: { id: 1, type: 'List' },
        text: { id: 2, type: 'bytes' },
        integer: { id: 3, type: 'int64' },
        float: { id: 4, type: 'float' },
        flag: { id: 5, type: 'bool' },
        type: { id: 6, type: 'int32' },
        shape: { id: 7, type: 'Shape' },
        tensor: { id: 8, type: 'Tensor' },
        function: { id: 10, type: 'FunctionName' }
      }
    },
    List: { fields: { integers: { id: 3, rule: 'repeated', type: 'int64' }, shapes: { id: 7, rule: 'repeated', type: 'Shape' } } },
    FunctionName: { fields: { name: { id: 1, type: 'string' } } },
    Shape: { fields: { dimensions: { id: 2, rule: 'repeated', type: 'Dimension' }, isUnknown: { id: 3, type: 'bool' } } },
    Dimension: { fields: { size: { id: 1, type: 'int64' } } },
    Tensor: {
      fields: {
        dtype: { id: 1, type: 'int32' },
        shape: { id: 2, type: 'Shape' },
        content: { id: 4, type: 'bytes' },
        halves: { id: 13, rule: 'repeated', type: 'int32' },
        floats: { id: 5, rule: 'repeated', type: 'float' },
        doubles: { id: 6, rule: 'repeated', type: 'double' },
        integers: { id: 7, rule: 'repeated', type: 'int32' },
        texts: { id: 8, rule: 'repeated', type: 'bytes' },
        longs: { id: 10, rule: 'repeated', type: 'int64' }
      }
    }
  }
}
const root = protobuf.Root.fromJSON(SCHEMA)

/** The graphs of `saved_model.pb`. Throws an OperatorError if the bytes are damaged. */
export function decodeSavedModel (bytes: Uint8Array): readonly MetaGraph[] {
  const type = root.lookupType('SavedModel')
  return judged(() => type.toObject(type.decode(bytes), { arrays: true, objects: true, longs: Number }) as {
    metaGraphs: readonly MetaGraph[]
  }).metaGraphs
}
