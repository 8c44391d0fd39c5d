import type { ServiceError } from '../../base/errors.js'
import { noPredictRequest } from '../../base/sentences.js'
import { TensorData } from '../../intake/tensors/tensor-data.js'

/** `row`: a list of instances. `columnar`: a list for each input. */
export type PredictFormat = 'row' | 'columnar'

/** One image, and the name of its input where the request says one. */
export interface NamedImage {
  readonly name: string | undefined
  readonly data: TensorData
}

export interface PredictRequest {
  readonly format: PredictFormat
  /** Empty for the default. */
  readonly signature: string
  readonly images: readonly NamedImage[]
}

const INPUTS: ReadonlySet<string> = new Set(['image', 'pixels'])

/** Makes sense of the outline of a predict request. Throws a ServiceError `malformed_body` where it has another form. */
export function predictRequest (outline: unknown): PredictRequest {
  if (!isObject(outline)) throw noPredictRequest('it is no object')
  const { signature_name: signature = '', instances, inputs } = outline
  if (typeof signature !== 'string') throw noPredictRequest('"signature_name" is no text')
  if ((instances === undefined) === (inputs === undefined)) throw noPredictRequest('it has either "instances" or "inputs"')
  if (instances !== undefined) return { format: 'row', signature, images: listOf(instances, 'instances').map(imageOfRow) }
  return { format: 'columnar', signature, images: columns(inputs) }
}

function columns (inputs: unknown): NamedImage[] {
  if (!isObject(inputs)) return listOf(inputs, 'inputs').map((value) => ({ name: undefined, data: dataOf(value) }))
  const [name, values] = onlyMember(inputs)
  return listOf(values, name).map((value) => ({ name, data: dataOf(value) }))
}

function imageOfRow (row: unknown): NamedImage {
  if (!isObject(row) || 'b64' in row) return { name: undefined, data: dataOf(row) }
  const [name, value] = onlyMember(row)
  return { name, data: dataOf(value) }
}

function onlyMember (named: Record<string, unknown>): [name: string, value: unknown] {
  const [member, ...others] = Object.entries(named)
  if (member !== undefined && others.length === 0 && INPUTS.has(member[0])) return member
  throw noPredictRequest(`the inputs are "image" and "pixels", one of them for an image, and not ${Object.keys(named).join(' with ')}`)
}

function dataOf (value: unknown): TensorData {
  const data = isObject(value) && Object.keys(value).length === 1 ? value.b64 : value
  if (data instanceof TensorData) return data
  throw noPredictRequest('an image is {"b64": ...}, or lists of numbers')
}

function listOf (value: unknown, name: string): unknown[] {
  if (Array.isArray(value)) return value
  throw noList(name)
}

/** What one image that stands where a list belongs is answered. */
export function noList (name: string): ServiceError {
  return noPredictRequest(`"${name}" is no list of images`)
}

function isObject (value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof TensorData)
}
