import { ServiceError } from '../base/errors.js'

/** The key that a request brings. The service's own header comes first: a gateway may use the other one for itself. */
export function readKey (own: string | undefined, authorization: string | undefined): string | undefined {
  return own ?? /^Bearer +(\S+) *$/i.exec(authorization ?? '')?.[1]
}

export function unauthorized (isWrong: boolean): ServiceError {
  return new ServiceError('unauthorized', isWrong
    ? 'The API key is not one of this service\'s.'
    : 'Send an API key, as Authorization: Bearer KEY or as x-api-key: KEY.')
}
