import { Type } from 'typebox'
import { NOT_READY_REASONS } from '../../service/slot.js'
import type { RouteDescription } from '../described.js'
import { json, READING_ERRORS, replies, TENSOR_ERRORS } from '../protocol-schemas.js'
import { GUARDED } from '../schemas/problems.js'

const tags = ['Open Inference Protocol v2']

const Shape = Type.Array(Type.Integer())
const TensorSpec = Type.Object({ name: Type.String(), datatype: Type.String(), shape: Shape })

const ServerMetadata = Type.Object({ name: Type.String(), version: Type.String(), extensions: Type.Array(Type.String()) }, {
  examples: [{ name: 'xception-serve', version: '0.1.0', extensions: ['binary_tensor_data', 'classification'] }]
})

const ModelMetadata = Type.Object({
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

const Readiness = Type.Object({
  name: Type.Optional(Type.String()),
  ready: Type.Boolean(),
  reason: Type.Optional(Type.String({ description: `Why not: ${NOT_READY_REASONS.join(', ')}.` }))
}, { examples: [{ ready: true }] })

const InferRequest = Type.Object({
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

const InferReply = Type.Object({
  model_name: Type.String(),
  model_version: Type.String(),
  id: Type.Optional(Type.String()),
  outputs: Type.Array(Type.Object({
    name: Type.String(),
    datatype: Type.String(),
    shape: Shape,
    data: Type.Optional(Type.Array(Type.Unknown(), { description: 'Flat.' })),
    parameters: Type.Optional(Type.Object({ binary_data_size: Type.Integer() }))
  }))
}, {
  examples: [{
    model_name: 'xception-cifar10',
    model_version: '1',
    outputs: [{ name: 'probabilities', datatype: 'BYTES', shape: [1, 1], data: ['0.9134392738342285:3:cat'] }]
  }]
})

/** A body as Triton's extension has it; Inference-Header-Content-Length says where the JSON ends. */
const BINARY = {
  'application/octet-stream': {
    schema: Type.String({
      format: 'binary',
      description: 'The same as JSON, and behind it the tensors; in a request with Inference-Header-Content-Length: 0, one image file.'
    })
  }
}
/** How long the JSON of a body is, where something follows it. */
const Headers = Type.Object({
  'inference-header-content-length': Type.Optional(Type.Integer({
    minimum: 0, examples: [0], description: 'Bytes of the body that are JSON; 0 for a raw binary request. Without it, all are.'
  }))
})

export const serverSchema: RouteDescription = {
  tags, summary: 'The server and its extensions', response: replies('The server.', json(ServerMetadata), GUARDED)
}

export const liveSchema: RouteDescription = {
  tags,
  summary: 'Whether the server is alive',
  response: replies('It is.', json(Type.Object({ live: Type.Boolean() }, { examples: [{ live: true }] })), [])
}

export const readySchema: RouteDescription = {
  tags,
  summary: 'Whether the server is ready',
  response: { ...replies('It is.', json(Readiness), []), 503: { description: 'It is not.', content: json(Readiness) } }
}

export const modelReadySchema: RouteDescription = {
  tags,
  summary: 'Whether a model is ready',
  response: { ...replies('It is.', json(Readiness), ['model_not_found']), 503: { description: 'It is not.', content: json(Readiness) } }
}

export const modelSchema: RouteDescription = {
  tags,
  summary: 'A model\'s inputs and outputs',
  response: replies('The model.', json(ModelMetadata), READING_ERRORS)
}

export const inferSchema: RouteDescription = {
  tags,
  summary: 'Inference on images or pixels',
  description: 'Members that are null are as those that are not there.',
  headers: Headers,
  body: { content: { ...json(InferRequest), ...BINARY } },
  response: replies('The outputs.', { ...json(InferReply), ...BINARY }, TENSOR_ERRORS)
}
