import {
  BinaryBody, InferHeaders, InferReply, InferRequest, Liveness, ModelMetadata, Readiness, ServerMetadata
} from '../../contract/open-inference.js'
import type { RouteDescription } from '../described.js'
import { json, READING_ERRORS, replies, TENSOR_ERRORS } from '../protocol-schemas.js'
import { GUARDED } from '../schemas/problems.js'

const tags = ['Open Inference Protocol v2']
const BINARY = { 'application/octet-stream': { schema: BinaryBody } }

export const serverSchema: RouteDescription = {
  tags, summary: 'The server and its extensions', response: replies('The server.', json(ServerMetadata), GUARDED)
}

export const liveSchema: RouteDescription = {
  tags, summary: 'Whether the server is alive', response: replies('It is.', json(Liveness), [])
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
  headers: InferHeaders,
  body: { content: { ...json(InferRequest), ...BINARY } },
  response: replies('The outputs.', { ...json(InferReply), ...BINARY }, TENSOR_ERRORS)
}
