import { ModelStatus, PredictReply, PredictRequest, SignatureMetadata } from '../../contract/tensorflow-serving.js'
import type { RouteDescription } from '../described.js'
import { json, READING_ERRORS, replies, TENSOR_ERRORS } from '../protocol-schemas.js'

const tags = ['TensorFlow Serving']

export const statusSchema: RouteDescription = {
  tags, summary: 'A model\'s status', response: replies('The status.', json(ModelStatus), READING_ERRORS)
}

export const metadataSchema: RouteDescription = {
  tags, summary: 'A model\'s signatures', response: replies('The signatures.', json(SignatureMetadata), READING_ERRORS)
}

export const predictSchema: RouteDescription = {
  tags,
  summary: 'Probabilities of images or pixels',
  body: { content: json(PredictRequest) },
  response: replies('The probabilities.', json(PredictReply), TENSOR_ERRORS)
}
