import { Type, type TSchema } from 'typebox'
import type { ErrorCode } from '../base/errors.js'
import { described, type RouteDescription } from './described.js'
import { REQUEST_ERRORS } from './schemas/images.js'
import { errorReplies, GUARDED, type ErrorForm } from './schemas/problems.js'

/** An error as the protocols of other servers have it. */
const PROTOCOL: ErrorForm = {
  type: 'application/json',
  schema: (codes) => Type.Object({
    error: Type.String({ description: 'What happened and what to do about it.' }),
    code: Type.Enum([...codes], { description: 'Stable, as in the problem details of POST /classify.' })
  }, { additionalProperties: false }),
  body: ({ message, code }) => ({ error: message, code })
}

const name = Type.String({ examples: ['xception-cifar10'], description: 'The model\'s name, as in the replies of POST /classify.' })
const ModelParams = Type.Object({ name })
const VersionParams = Type.Object({ name, version: Type.String({ examples: ['1'], description: 'Its version, as there.' }) })

/** What reading about a model may be answered, and a request with images. */
export const READING_ERRORS: readonly ErrorCode[] = [...GUARDED, 'model_not_found', 'not_ready']
export const TENSOR_ERRORS: readonly ErrorCode[] = [...REQUEST_ERRORS, 'model_not_found', 'invalid_tensor']

/** Options of a route whose address names a model, and maybe its version. */
export function describedModel (address: string, schema: RouteDescription): ReturnType<typeof described> {
  return described({ ...schema, params: address.includes(':version') ? VersionParams : ModelParams })
}

/** Content of the types that it may have. */
export function json (schema: TSchema): Record<string, { readonly schema: TSchema }> {
  return { 'application/json': { schema } }
}

/** The reply that is meant, and the errors, by status. */
export function replies (description: string, content: object, codes: readonly ErrorCode[]): Record<string, object> {
  return { 200: { description, content }, ...errorReplies(codes, PROTOCOL) }
}
