import type { FastifyRequest } from 'fastify'
import Negotiator from 'negotiator'

const JSON_TYPE = 'application/json'
export const PICTURE_TYPE = 'image/png'

/** What a client takes of a reply that can be JSON or a picture (RFC 9110, section 12.5.1). */
export interface ReplyForm {
  readonly prefersPicture: boolean
  readonly takesJson: boolean
}

/** JSON for whoever likes both the same, or neither. */
export function replyForm (request: FastifyRequest): ReplyForm {
  const [first, ...others] = new Negotiator(request.raw).mediaTypes([JSON_TYPE, PICTURE_TYPE])
  const prefersPicture = first === PICTURE_TYPE
  return { prefersPicture, takesJson: !prefersPicture || others.length > 0 }
}
