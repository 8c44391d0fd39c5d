import { Type } from 'typebox'
import type { RouteDescription } from '../described.js'
import { json, READING_ERRORS, replies, TENSOR_ERRORS } from '../protocol-schemas.js'

const tags = ['TensorFlow Serving']

const Status = Type.Object({
  model_version_status: Type.Array(Type.Object({
    version: Type.String(),
    state: Type.String(),
    status: Type.Object({ error_code: Type.String(), error_message: Type.String() })
  }))
}, { examples: [{ model_version_status: [{ version: '1', state: 'AVAILABLE', status: { error_code: 'OK', error_message: '' } }] }] })

const Metadata = Type.Object({
  model_spec: Type.Object({ name: Type.String(), signature_name: Type.String(), version: Type.String() }),
  metadata: Type.Object({
    signature_def: Type.Object({
      signature_def: Type.Record(Type.String(), Type.Unknown(), { description: 'Inputs and outputs of each signature.' })
    })
  })
}, {
  examples: [{
    model_spec: { name: 'xception-cifar10', signature_name: '', version: '1' },
    metadata: { signature_def: { signature_def: { serving_default: { method_name: 'tensorflow/serving/predict' } } } }
  }]
})

const IMAGES = '{"b64": ...}, or nested lists of pixels of exactly the network\'s size; with or without the input\'s name, image or pixels.'

const PredictRequest = Type.Object({
  signature_name: Type.Optional(Type.String({
    enum: ['serving_default', 'rescaled'], description: 'What pixels are: 0 to 255, or as the network reads them after rescaling.'
  })),
  instances: Type.Optional(Type.Array(Type.Unknown(), { description: `Rows. Each is ${IMAGES}` })),
  inputs: Type.Optional(Type.Unknown({ description: `Columns: a list of images. Each is ${IMAGES}` }))
}, { examples: [{ instances: [{ b64: '...' }] }, { inputs: { image: [{ b64: '...' }] } }] })

const Probabilities = Type.Array(Type.Array(Type.Number()), { description: 'Probabilities of each image.' })
const PredictReply = Type.Object({
  predictions: Type.Optional(Probabilities),
  outputs: Type.Optional(Probabilities)
}, { description: 'predictions for rows, outputs for columns.', examples: [{ predictions: [[0.1, 0.9]] }] })

export const statusSchema: RouteDescription = {
  tags, summary: 'A model\'s status', response: replies('The status.', json(Status), READING_ERRORS)
}

export const metadataSchema: RouteDescription = {
  tags, summary: 'A model\'s signatures', response: replies('The signatures.', json(Metadata), READING_ERRORS)
}

export const predictSchema: RouteDescription = {
  tags,
  summary: 'Probabilities of images or pixels',
  body: { content: json(PredictRequest) },
  response: replies('The probabilities.', json(PredictReply), TENSOR_ERRORS)
}
