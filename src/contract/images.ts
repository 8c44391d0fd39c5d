import { Type, type TArray, type TObject, type TSchema, type TString, type TUnion } from '../base/typebox.js'
import type { ErrorCode } from '../base/errors.js'
import { ModelDescription } from './models.js'
import { problem } from './problems.js'
import type { QueryText, TypeOf } from './type-of.js'

/** What an image of several can fail with, and the whole request with it if it is the only one. */
export const IMAGE_ERRORS: readonly ErrorCode[] = [
  'malformed_body', 'no_image', 'image_too_large', 'image_too_many_pixels', 'unsupported_image_format', 'heic_not_supported',
  'unsupported_content_encoding', 'undecodable_image', 'decode_timeout', 'crop_outside_image',
  'decoder_failed', 'internal_error', 'inference_failed', 'not_ready'
]

export const File = Type.String({ format: 'binary' })
const Base64 = Type.String({ description: 'An image file in base64, or as a data URL; whitespace and percent-encoding are undone.' })

export const ImageForm = Type.Object({
  image: Type.Array(File, {
    minItems: 1,
    description: 'Files, under any field name and with any disposition; also parts of image types without a file name. ' +
      'Content-Transfer-Encoding may be base64. Text fields and JSON are passed over.'
  })
})
export const ImageList = Type.Object({ images: Type.Array(Base64, { minItems: 1 }) }, { examples: [{ images: ['/9j/4AAQSkZJRg...'] }] })

export const ImageHeaders = Type.Object({
  'x-request-timeout-ms': Type.Optional(Type.Integer({
    minimum: 1, examples: [2000], description: 'How long the client waits; shortens REQUEST_TIMEOUT_MS.'
  }))
})

/** By how much a crop can be scaled. */
export const LEAST_CROP_SCALE = 0.1
export const MOST_CROP_SCALE = 10

export const ClassifyQuery = Type.Object({
  topK: Type.Optional(Type.Integer({
    minimum: 1, examples: [3], description: 'Predictions an image: 5, or all classes if there are fewer.'
  })),
  crop: Type.Optional(Type.String({
    examples: ['120,80,256,256'],
    description: 'x,y,width,height in pixels of the upright image: only this part of each image is classified, as if it were all of it. ' +
      'What reaches beyond the image is cut off.'
  })),
  cropScale: Type.Optional(Type.Number({
    minimum: LEAST_CROP_SCALE,
    maximum: MOST_CROP_SCALE,
    examples: [1.3],
    description: 'With crop: by how much it is scaled around its centre before it is cut out.'
  })),
  explain: Type.Optional(flag('Whether each prediction says where the network saw it.')),
  listErrors: Type.Optional(flag(
    'Whether a request of one image that fails is answered with 200 and its error in the result, as among several, ' +
    'and not with the status of the error.'
  ))
})
export type ClassifyQuery = QueryText<typeof ClassifyQuery>

export const EmbedQuery = Type.Object({
  normalize: Type.Optional(flag('Whether each embedding is scaled to the length 1 (L2).'))
})
export type EmbedQuery = QueryText<typeof EmbedQuery>

/** What a request took. */
export const Timings = Type.Object({
  decodeMs: Type.Number(), queueMs: Type.Number(), inferenceMs: Type.Number(), batchSize: Type.Integer()
}, { additionalProperties: false, description: 'Milliseconds; of many images, of the slowest of each stage.' })
export type Timings = TypeOf<typeof Timings>

/**
 * How much each position of the feature map speaks for a class, row by row from the top left, in logits. Also called a class
 * activation map (Zhou et al., Learning Deep Features for Discriminative Localization, 2016).
 */
export const ClassMap = Type.Object({
  height: Type.Integer(),
  width: Type.Integer(),
  values: Type.Array(Type.Number(), { description: 'Row by row; their mean is the class\'s logit less its bias.' })
}, { additionalProperties: false })
export type ClassMap = TypeOf<typeof ClassMap>

/** Why there is no such map. */
export const NotExplainable = Type.Object({ code: Type.Literal('not_explainable'), detail: Type.String() }, { additionalProperties: false })
export type NotExplainable = TypeOf<typeof NotExplainable>

export const Explanation = Type.Union([ClassMap, NotExplainable])
export type Explanation = TypeOf<typeof Explanation>

export const Prediction = Type.Object({
  label: Type.String(),
  wordnetId: Type.Optional(Type.String()),
  classId: Type.Integer({ minimum: 0, description: 'Index of the network\'s output.' }),
  probability: Type.Number({ minimum: 0, maximum: 1 }),
  explanation: Type.Optional(Explanation)
}, { additionalProperties: false })
export type Prediction = TypeOf<typeof Prediction>

/** What one image was answered: its most probable classes, most probable first. */
export const Predictions = Type.Object({ predictions: Type.Array(Prediction) }, { additionalProperties: false })
export type Predictions = TypeOf<typeof Predictions>

/** What one image is to the network before its classifier. */
export const Embedding = Type.Object({ embedding: Type.Array(Type.Number()) }, { additionalProperties: false })
export type Embedding = TypeOf<typeof Embedding>

/** What an image of several was answered that failed. */
export const FailedImage = Type.Object({ error: problem(IMAGE_ERRORS) }, { additionalProperties: false })
export type FailedImage = TypeOf<typeof FailedImage>

export const ClassifyReply = resultsReply(Predictions)
export type ClassifyReply = TypeOf<typeof ClassifyReply>

export const EmbedReply = resultsReply(Embedding)
export type EmbedReply = TypeOf<typeof EmbedReply>

/** A result or an error for each image, in upload order. */
function resultsReply<S extends TSchema> (result: S): TObject<{
  model: typeof ModelDescription, results: TArray<TUnion<[S, typeof FailedImage]>>, timings: typeof Timings
}> {
  return Type.Object({
    model: ModelDescription, results: Type.Array(Type.Union([result, FailedImage])), timings: Timings
  }, { additionalProperties: false })
}

function flag (description: string): TString {
  return Type.String({ enum: ['true', 'false'], default: 'false', examples: ['true'], description })
}
