import { Type, type TSchema } from 'typebox'
import { ERRORS } from '../base/errors.js'
import { described, type RouteDescription } from './described.js'

/** An error as the protocols of other servers have it. */
const ProtocolError = Type.Object({
  error: Type.String({ description: 'What happened and what to do about it.' }),
  code: Type.Enum(Object.keys(ERRORS), { description: 'Stable, as in the problem details of POST /classify.' })
}, { examples: [{ error: 'This service has the model "xception-cifar10" of version "1", and not "other".', code: 'model_not_found' }] })

const name = Type.String({ description: 'The model\'s name, as in the replies of POST /classify.' })
const ModelParams = Type.Object({ name })
const VersionParams = Type.Object({ name, version: Type.String({ description: 'Its version, as there.' }) })

/** Statuses that reading about a model may meet, and those of a request with images. */
export const READING_ERRORS = [401, 404, 429, 503] as const
export const IMAGE_ERRORS = [400, 401, 404, 413, 415, 422, 429, 500, 503, 504] as const

/** Options of a route whose address names a model, and maybe its version. */
export function describedModel (address: string, schema: RouteDescription): ReturnType<typeof described> {
  return described({ ...schema, params: address.includes(':version') ? VersionParams : ModelParams })
}

/** Content of the types that it may have. */
export function json (schema: TSchema): Record<string, { readonly schema: TSchema }> {
  return { 'application/json': { schema } }
}

/** The reply that is meant, and the errors, by status. */
export function replies (description: string, content: object, errors: readonly number[]): Record<string, object> {
  const refusals = errors.map((status): [string, object] => [String(status), { description: 'An error.', content: json(ProtocolError) }])
  return { 200: { description, content }, ...Object.fromEntries(refusals) }
}
