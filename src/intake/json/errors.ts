import { ServiceError } from '../../base/errors.js'

export function malformed (reason: string): ServiceError {
  return new ServiceError('malformed_body', `The body is not valid JSON: ${reason}.`)
}
