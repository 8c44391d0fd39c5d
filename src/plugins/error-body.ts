import type { ServiceError } from '../base/errors.js'
import { toProblem, toProtocolError } from '../contract/problems.js'

/** What is below these addresses speaks protocols that have an error shape of their own. */
const PROTOCOLS = /^\/v[12](?:[/?]|$)/

export interface ErrorBody {
  readonly contentType: string
  readonly json: string
}

/** An error in the shape that the address asks for: RFC 9457, or `{"error": ...}` with the stable code beside it. */
export function errorBody (error: ServiceError, url: string): ErrorBody {
  if (!PROTOCOLS.test(url)) return { contentType: 'application/problem+json', json: JSON.stringify(toProblem(error)) }
  return { contentType: 'application/json', json: JSON.stringify(toProtocolError(error)) }
}
