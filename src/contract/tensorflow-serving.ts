import { Type } from '../base/typebox.js'
import type { TypeOf } from './type-of.js'

/** GetModelStatusResponse as JSON. */
export const ModelStatus = Type.Object({
  model_version_status: Type.Array(Type.Object({
    version: Type.String(),
    state: Type.String(),
    status: Type.Object({ error_code: Type.String(), error_message: Type.String() })
  }))
}, { examples: [{ model_version_status: [{ version: '1', state: 'AVAILABLE', status: { error_code: 'OK', error_message: '' } }] }] })
export type ModelStatus = TypeOf<typeof ModelStatus>

/** GetModelMetadataResponse as JSON. */
export const SignatureMetadata = Type.Object({
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
export type SignatureMetadata = TypeOf<typeof SignatureMetadata>

const IMAGES = '{"b64": ...}, or nested lists of pixels of exactly the network\'s size; with or without the input\'s name, image or pixels.'

export const PredictRequest = Type.Object({
  signature_name: Type.Optional(Type.String({
    enum: ['serving_default', 'rescaled'], description: 'What pixels are: 0 to 255, or as the network reads them after rescaling.'
  })),
  instances: Type.Optional(Type.Array(Type.Unknown(), { description: `Rows. Each is ${IMAGES}` })),
  inputs: Type.Optional(Type.Unknown({ description: `Columns: a list of images. Each is ${IMAGES}` }))
}, { examples: [{ instances: [{ b64: '...' }] }, { inputs: { image: [{ b64: '...' }] } }] })

const Probabilities = Type.Array(Type.Array(Type.Number()), { description: 'Probabilities of each image.' })

export const PredictReply = Type.Object({
  predictions: Type.Optional(Probabilities),
  outputs: Type.Optional(Probabilities)
}, { description: 'predictions for rows, outputs for columns.', examples: [{ predictions: [[0.1, 0.9]] }] })
export type PredictReply = TypeOf<typeof PredictReply>
