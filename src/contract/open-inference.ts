import { Type } from '../base/typebox.js'
import { NOT_READY_REASONS } from './status.js'
import type { TypeOf } from './type-of.js'

const Shape = Type.Array(Type.Integer())

/** A tensor that a model takes or gives; -1 is the number of images. */
export const TensorSpec = Type.Object({ name: Type.String(), datatype: Type.String(), shape: Shape })
export type TensorSpec = TypeOf<typeof TensorSpec>

export const ServerMetadata = Type.Object({ name: Type.String(), version: Type.String(), extensions: Type.Array(Type.String()) }, {
  examples: [{ name: 'xception-serve', version: '0.1.0', extensions: ['binary_tensor_data', 'classification'] }]
})
export type ServerMetadata = TypeOf<typeof ServerMetadata>

export const ModelMetadata = Type.Object({
  name: Type.String(),
  versions: Type.Array(Type.String()),
  platform: Type.String(),
  inputs: Type.Array(TensorSpec),
  outputs: Type.Array(TensorSpec)
}, {
  examples: [{
    name: 'xception-cifar10',
    versions: ['1'],
    platform: 'tensorflow_savedmodel',
    inputs: [{ name: 'image', datatype: 'BYTES', shape: [-1] }, { name: 'pixels', datatype: 'UINT8', shape: [-1, 32, 32, 3] }],
    outputs: [{ name: 'probabilities', datatype: 'FP32', shape: [-1, 10] }]
  }]
})
export type ModelMetadata = TypeOf<typeof ModelMetadata>

export const Liveness = Type.Object({ live: Type.Boolean() }, { examples: [{ live: true }] })
export type Liveness = TypeOf<typeof Liveness>

/** Readiness of the server, or of a model that is named. */
export const Readiness = Type.Object({
  name: Type.Optional(Type.String()),
  ready: Type.Boolean(),
  reason: Type.Optional(Type.String({ description: `Why not: ${NOT_READY_REASONS.join(', ')}.` }))
}, { examples: [{ ready: true }] })
export type Readiness = TypeOf<typeof Readiness>

export const InferRequest = Type.Object({
  id: Type.Optional(Type.String({ description: 'Comes back in the reply.' })),
  parameters: Type.Optional(Type.Object({
    binary_data_output: Type.Optional(Type.Boolean({ description: 'Whether outputs follow the JSON of the reply.' }))
  })),
  inputs: Type.Array(Type.Object({
    name: Type.String({ enum: ['image', 'pixels'] }),
    datatype: Type.String({ enum: ['BYTES', 'UINT8', 'FP32'] }),
    shape: Type.Array(Type.Integer(), { description: '[N] or [N, 1] of image, [N, size, size, channels] of pixels.' }),
    parameters: Type.Optional(Type.Object({
      binary_data_size: Type.Optional(Type.Integer({ description: 'Bytes of the tensor that follow the JSON, in place of data.' }))
    })),
    data: Type.Optional(Type.Array(Type.Unknown(), {
      description: 'Nested or flat: numbers, or image files in base64 or as data URLs.'
    }))
  }), { minItems: 1, maxItems: 1 }),
  outputs: Type.Optional(Type.Array(Type.Object({
    name: Type.String({ description: 'probabilities, and what else the metadata lists.' }),
    parameters: Type.Optional(Type.Object({
      classification: Type.Optional(Type.Integer({ minimum: 1, description: 'Asks for so many texts probability:index:label.' })),
      binary_data: Type.Optional(Type.Boolean({ description: 'Whether this output follows the JSON of the reply.' }))
    }))
  })))
}, {
  examples: [{
    inputs: [{ name: 'image', datatype: 'BYTES', shape: [1], data: ['data:image/jpeg;base64,...'] }],
    outputs: [{ name: 'probabilities', parameters: { classification: 1 } }]
  }]
})

/** An output of a reply: its values in `data`, or as so many bytes behind the JSON. */
export const InferOutput = Type.Object({
  name: Type.String(),
  datatype: Type.String(),
  shape: Shape,
  data: Type.Optional(Type.Array(Type.Unknown(), { description: 'Flat.' })),
  parameters: Type.Optional(Type.Object({ binary_data_size: Type.Integer() }))
})
export type InferOutput = TypeOf<typeof InferOutput>

export const InferReply = Type.Object({
  model_name: Type.String(),
  model_version: Type.String(),
  id: Type.Optional(Type.String()),
  outputs: Type.Array(InferOutput)
}, {
  examples: [{
    model_name: 'xception-cifar10',
    model_version: '1',
    outputs: [{ name: 'probabilities', datatype: 'BYTES', shape: [1, 1], data: ['0.9134392738342285:3:cat'] }]
  }]
})
export type InferReply = TypeOf<typeof InferReply>

/** A body as Triton's extension has it; Inference-Header-Content-Length says where the JSON ends. */
export const BinaryBody = Type.String({
  format: 'binary',
  description: 'The same as JSON, and behind it the tensors; in a request with Inference-Header-Content-Length: 0, one image file.'
})

/** How long the JSON of a body is, where something follows it. */
export const InferHeaders = Type.Object({
  'inference-header-content-length': Type.Optional(Type.Integer({
    minimum: 0, examples: [0], description: 'Bytes of the body that are JSON; 0 for a raw binary request. Without it, all are.'
  }))
})
