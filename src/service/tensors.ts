import { ServiceError } from '../base/errors.js'
import { invalidTensor } from '../base/sentences.js'
import { OUTPUTS, WANTABLE, type Wantable } from '../compiler/signature.js'
import type { Prediction } from '../contract/images.js'
import type { TensorSpec } from '../contract/open-inference.js'
import type { NetworkOutputs } from '../model/outputs.js'
import type { Inferred, Upload, Work } from './inference.js'
import type { LoadedModel } from './loaded-model.js'

/** A tensor that a model takes or gives, as the Open Inference Protocol describes it. */
export interface ModelTensor extends TensorSpec {
  readonly datatype: 'BYTES' | 'UINT8' | 'FP32'
}

/** An output that is asked for. */
export interface OutputRequest {
  readonly name: string
  /** Asks for so many predictions an image as texts, `probability:index:label`, in place of the probabilities. */
  readonly classification?: number | undefined
}

/** One output of all images, row-major, in a piece for each image. */
export type OutputTensor = { readonly name: string, readonly shape: readonly number[] } & (
  | { readonly datatype: 'FP32', readonly rows: readonly Float32Array[] }
  | { readonly datatype: 'BYTES', readonly texts: readonly string[] }
)

export const PROBABILITIES = OUTPUTS.probabilities
const FLOAT_BYTES = 4

type TensorName = typeof PROBABILITIES | Wantable
type OfferName = keyof NetworkOutputs
const OFFER_OF = Object.fromEntries(Object.entries(OUTPUTS).map(([offer, name]) => [name, offer])) as Record<TensorName, OfferName>

/** `image`, files of images, and `pixels`; a request brings one of them. `pixels` may be FP32, too. */
export function inputSpecs ({ facts: { input } }: LoadedModel): ModelTensor[] {
  const { size, width = size.value, channels } = input
  return [
    { name: 'image', datatype: 'BYTES', shape: [-1] },
    { name: 'pixels', datatype: 'UINT8', shape: [-1, size.value, width, channels] }
  ]
}

/** What the model can be asked for. */
export function outputSpecs (model: LoadedModel): ModelTensor[] {
  return [PROBABILITIES, ...model.facts.outputs].map((name) => ({ name, datatype: 'FP32', shape: [-1, ...shapeOf(model, name)] }))
}

/** Throws a ServiceError `invalid_tensor` if the model gives no such outputs. */
export function checkOutputs (model: LoadedModel, requests: readonly OutputRequest[]): void {
  const names = [PROBABILITIES, ...model.facts.outputs] as readonly string[]
  if (new Set(requests.map(({ name }) => name)).size < requests.length) throw invalidTensor('An output is asked for twice.')
  for (const { name, classification } of requests) {
    if (!names.includes(name)) throw invalidTensor(`The model's outputs are ${names.join(', ')}; there is no "${name}".`)
    if (classification === undefined) continue
    if (name !== PROBABILITIES) throw invalidTensor(`"${PROBABILITIES}" can be asked for as classification, and "${name}" cannot.`)
    if (classification < 1) throw invalidTensor('The parameter "classification" is a whole number from 1.')
  }
}

/** What the outputs beside the probabilities take in memory: nobody asks for those without knowing their size. */
export function outputBytes (model: LoadedModel, requests: readonly OutputRequest[], images: number): number {
  const values = wantedOf(requests).map((name) => shapeOf(model, name).reduce((product, side) => product * side, images))
  return values.reduce((sum, length) => sum + length * FLOAT_BYTES, 0)
}

/**
 * What the model gives for the images of one request, which succeed or fail together: throws the error of the first that
 * fails, with its index if there are several. `checkOutputs` comes first.
 */
export async function inferTensors (
  model: LoadedModel, uploads: Upload[], requests: readonly OutputRequest[], work: Omit<Work, 'wanted'>
): Promise<OutputTensor[]> {
  const many = uploads.length > 1
  uploads.forEach((upload, index) => { if (upload instanceof ServiceError) throw ofImage(upload, index, many) })
  const answers = await model.infer(uploads, { ...work, wanted: { outputs: wantedOf(requests) } })
  const inferred = answers.map((answer, index) => {
    if (answer instanceof ServiceError) throw ofImage(answer, index, many)
    return answer
  })
  const mostLabels = Math.max(1, ...requests.map(({ classification }) => classification ?? 1))
  const predictions = inferred.map((answer) => model.predictions(answer, mostLabels))
  return requests.map((request) => request.classification === undefined
    ? floats(model, request.name as TensorName, inferred)
    : classification(request, predictions))
}

function wantedOf (requests: readonly OutputRequest[]): Wantable[] {
  return WANTABLE.filter((wantable) => requests.some(({ name }) => name === wantable))
}

/** Shape of an output for one image; the model has this output. */
function shapeOf ({ facts: { offers } }: LoadedModel, name: TensorName): readonly number[] {
  const offer = offers[OFFER_OF[name]]
  if ('reason' in offer) throw new Error(`there is no output ${name}: ${offer.reason}`)
  return offer.shape
}

function floats (model: LoadedModel, name: TensorName, answers: readonly Inferred[]): OutputTensor {
  const rows = answers.map(({ probabilities, outputs }) => (
    name === PROBABILITIES ? probabilities : outputs[name]?.values ?? new Float32Array()
  ))
  return { name, datatype: 'FP32', shape: [answers.length, ...shapeOf(model, name)], rows }
}

function classification ({ name, classification: k }: OutputRequest, predictions: ReadonlyArray<readonly Prediction[]>): OutputTensor {
  const texts = predictions.flatMap((all) => all.slice(0, k).map(({ probability, classId, label }) => `${probability}:${classId}:${label}`))
  return { name, datatype: 'BYTES', shape: [predictions.length, texts.length / predictions.length], texts }
}

function ofImage (error: ServiceError, index: number, many: boolean): ServiceError {
  if (!many) return error
  const { code, message, retryAfterSeconds } = error
  const options = retryAfterSeconds === undefined ? {} : { retryAfterSeconds }
  return new ServiceError(code, `Image ${index}: ${message}`, { cause: error, ...options })
}
