import { Type, type TSchema } from 'typebox'
import { ServiceError, toProblem, type ErrorCode } from '../../base/errors.js'
import { DETAILS } from './details.js'
import { GUARDED, problem, problemReplies } from './problems.js'

/** What an image of several can fail with, and the whole request with it if it is the only one. */
const IMAGE_ERRORS: readonly ErrorCode[] = [
  'malformed_body', 'no_image', 'image_too_large', 'image_too_many_pixels', 'unsupported_image_format', 'heic_not_supported',
  'unsupported_content_encoding', 'undecodable_image', 'decode_timeout', 'decoder_failed', 'internal_error', 'inference_failed', 'not_ready'
]
/** What a request with images can be answered, in whatever protocol. */
export const REQUEST_ERRORS: readonly ErrorCode[] = [
  ...GUARDED, ...IMAGE_ERRORS, 'invalid_header', 'too_many_images', 'request_too_large', 'unsupported_media_type',
  'queue_full', 'overloaded', 'deadline_unreachable', 'shutting_down', 'deadline_exceeded'
]

const File = Type.String({ format: 'binary' })
const Base64 = Type.String({ description: 'An image file in base64, or as a data URL; whitespace and percent-encoding are undone.' })

/** Images in any of the forms that are taken. */
const BODY = {
  description: 'JPEG, PNG, WebP, GIF (first frame), AVIF or TIFF, told apart by their content. Content-Encoding may be gzip, deflate ' +
    'or br, and zstd where the service runs on Node 22.15 or later; the limits hold for what comes out, too.',
  content: {
    'multipart/form-data': {
      schema: Type.Object({
        image: Type.Array(File, {
          minItems: 1,
          description: 'Files, under any field name and with any disposition; also parts of image types without a file name. ' +
            'Content-Transfer-Encoding may be base64. Text fields and JSON are passed over.'
        })
      })
    },
    'image/*': { schema: File },
    'application/octet-stream': { schema: File },
    'application/json': {
      schema: Type.Object({ images: Type.Array(Base64, { minItems: 1 }) }, { examples: [{ images: ['/9j/4AAQSkZJRg...'] }] })
    }
  }
}

const Headers = Type.Object({
  'x-request-timeout-ms': Type.Optional(Type.Integer({
    minimum: 1, examples: [2000], description: 'How long the client waits; shortens REQUEST_TIMEOUT_MS.'
  }))
})

export const Model = Type.Object({
  name: Type.String(),
  version: Type.String(),
  backend: Type.Enum(['cpu', 'gpu']),
  precision: Type.Enum(['float32', 'bfloat16', 'int8'])
}, { additionalProperties: false })

const Timings = Type.Object({
  decodeMs: Type.Number(), queueMs: Type.Number(), inferenceMs: Type.Number(), batchSize: Type.Integer()
}, { additionalProperties: false, description: 'Milliseconds; of many images, of the slowest of each stage.' })

const Explanation = Type.Union([
  Type.Object({
    height: Type.Integer(),
    width: Type.Integer(),
    values: Type.Array(Type.Number(), { description: 'Row by row; their mean is the class\'s logit less its bias.' })
  }, { additionalProperties: false }),
  Type.Object({ code: Type.Literal('not_explainable'), detail: Type.String() }, { additionalProperties: false })
])

const Prediction = Type.Object({
  label: Type.String(),
  wordnetId: Type.Optional(Type.String()),
  classId: Type.Integer({ minimum: 0, description: 'Index of the network\'s output.' }),
  probability: Type.Number({ minimum: 0, maximum: 1 }),
  explanation: Type.Optional(Explanation)
}, { additionalProperties: false })

const MODEL_EXAMPLE = { name: 'xception-cifar10', version: '1', backend: 'cpu', precision: 'float32' }
const TIMINGS_EXAMPLE = { decodeMs: 3.39, queueMs: 0.03, inferenceMs: 5.06, batchSize: 1 }
const CAT = { label: 'cat', classId: 3, probability: 0.9134392738342285 }
const LISTED = toProblem(new ServiceError('undecodable_image', DETAILS.undecodable_image))
const flag = (description: string): TSchema => Type.String({ enum: ['true', 'false'], default: 'false', examples: ['true'], description })

export const CLASSIFY = {
  operationId: 'classify',
  summary: 'Labels and probabilities of images',
  description: 'With explain=true, where the network saw each class; as a picture of one image, if image/png is preferred.',
  tags: ['images'],
  querystring: Type.Object({
    topK: Type.Optional(Type.Integer({
      minimum: 1, examples: [3], description: 'Predictions an image: 5, or all classes if there are fewer.'
    })),
    explain: Type.Optional(flag('Whether each prediction says where the network saw it.')),
    listErrors: Type.Optional(flag(
      'Whether a request of one image that fails is answered with 200 and its error in the result, as among several, ' +
      'and not with the status of the error.'
    ))
  }),
  headers: Headers,
  body: BODY,
  response: {
    200: {
      description: 'A result for each image, in upload order. Of several, those that failed have an error.',
      content: {
        'application/json': {
          schema: results(Type.Object({ predictions: Type.Array(Prediction) }, { additionalProperties: false })),
          examples: {
            plain: { value: reply({ predictions: [CAT] }) },
            'with listErrors': { value: reply({ error: LISTED }) },
            explained: { value: reply({ predictions: [{ ...CAT, explanation: { height: 2, width: 2, values: [2.3, 2.5, 5.6, 3.8] } }] }) }
          }
        },
        'image/png': { schema: File }
      }
    },
    ...problemReplies([...REQUEST_ERRORS, 'invalid_query', 'not_acceptable', 'not_explainable'])
  }
}

export const EMBED = {
  operationId: 'embed',
  summary: 'What the network pools before its classifier',
  tags: ['images'],
  querystring: Type.Object({
    normalize: Type.Optional(flag('Whether each embedding is scaled to the length 1 (L2).'))
  }),
  headers: Headers,
  body: BODY,
  response: {
    200: {
      description: 'An embedding for each image, in upload order. Of several, those that failed have an error.',
      content: {
        'application/json': {
          schema: results(Type.Object({ embedding: Type.Array(Type.Number()) }, { additionalProperties: false })),
          examples: { plain: { value: reply({ embedding: [0.029994, 0.000692, 0] }) } }
        }
      }
    },
    ...problemReplies([...REQUEST_ERRORS, 'invalid_query', 'not_embeddable'])
  }
}

function results (result: TSchema): TSchema {
  const failed = Type.Object({ error: problem(IMAGE_ERRORS) }, { additionalProperties: false })
  return Type.Object({ model: Model, results: Type.Array(Type.Union([result, failed])), timings: Timings }, { additionalProperties: false })
}

function reply (result: object): object {
  return { model: MODEL_EXAMPLE, results: [result], timings: TIMINGS_EXAMPLE }
}
