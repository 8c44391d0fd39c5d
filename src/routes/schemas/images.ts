import type { ErrorCode } from '../../base/errors.js'
import {
  ClassifyQuery, ClassifyReply, EmbedQuery, EmbedReply, File, IMAGE_ERRORS, ImageForm, ImageHeaders, ImageList, type Timings
} from '../../contract/images.js'
import type { ModelDescription } from '../../contract/models.js'
import { toProblem } from '../../contract/problems.js'
import { EXAMPLES } from './examples.js'
import { GUARDED, problemReplies } from './problems.js'

/** What a request with images can be answered, in whatever protocol. */
export const REQUEST_ERRORS: readonly ErrorCode[] = [
  ...GUARDED, ...IMAGE_ERRORS, 'invalid_header', 'too_many_images', 'request_too_large', 'unsupported_media_type',
  'queue_full', 'overloaded', 'deadline_unreachable', 'shutting_down', 'deadline_exceeded'
]

/** Images in any of the forms that are taken. */
const BODY = {
  description: 'JPEG, PNG, WebP, GIF (first frame), AVIF or TIFF, told apart by their content. Content-Encoding may be gzip, deflate ' +
    'or br, and zstd where the service runs on Node 22.15 or later; the limits hold for what comes out, too.',
  content: {
    'multipart/form-data': { schema: ImageForm },
    'image/*': { schema: File },
    'application/octet-stream': { schema: File },
    'application/json': { schema: ImageList }
  }
}

const MODEL_EXAMPLE: ModelDescription = { name: 'xception-cifar10', version: '1', backend: 'cpu', precision: 'float32' }
const TIMINGS_EXAMPLE: Timings = { decodeMs: 3.39, queueMs: 0.03, inferenceMs: 5.06, batchSize: 1 }
const CAT = { label: 'cat', classId: 3, probability: 0.9134392738342285 }
const LISTED = toProblem(EXAMPLES.undecodable_image)

export const CLASSIFY = {
  operationId: 'classify',
  summary: 'Labels and probabilities of images',
  description: 'With crop, of a part of each. With explain=true, where the network saw each class; as a picture of one image, if ' +
    'image/png is preferred.',
  tags: ['images'],
  querystring: ClassifyQuery,
  headers: ImageHeaders,
  body: BODY,
  response: {
    200: {
      description: 'A result for each image, in upload order. Of several, those that failed have an error.',
      content: {
        'application/json': {
          schema: ClassifyReply,
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
  querystring: EmbedQuery,
  headers: ImageHeaders,
  body: BODY,
  response: {
    200: {
      description: 'An embedding for each image, in upload order. Of several, those that failed have an error.',
      content: {
        'application/json': {
          schema: EmbedReply,
          examples: { plain: { value: reply({ embedding: [0.029994, 0.000692, 0] }) } }
        }
      }
    },
    ...problemReplies([...REQUEST_ERRORS, 'invalid_query', 'not_embeddable'])
  }
}

function reply (result: (ClassifyReply | EmbedReply)['results'][number]): object {
  return { model: MODEL_EXAMPLE, results: [result], timings: TIMINGS_EXAMPLE }
}
