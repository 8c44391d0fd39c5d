import type { TSchema } from '../base/typebox.js'
import type { ErrorCode } from '../base/errors.js'
import { ModelParams, VersionParams } from '../contract/models.js'
import { protocolError, toProtocolError } from '../contract/problems.js'
import { described, type RouteDescription } from './described.js'
import { REQUEST_ERRORS } from './schemas/images.js'
import { errorReplies, GUARDED, type ErrorForm } from './schemas/problems.js'

/** An error as the protocols of other servers have it. */
const PROTOCOL: ErrorForm = { type: 'application/json', schema: protocolError, body: toProtocolError }

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
