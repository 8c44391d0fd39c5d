import { Metadata, status, type StatusObject } from '@grpc/grpc-js'
import { ServiceError, type ERRORS, type ErrorCode } from '../base/errors.js'

type HttpStatus = typeof ERRORS[ErrorCode]['status']

/** What gRPC says where HTTP has a status. What may be tried again elsewhere or later is UNAVAILABLE. */
const STATUS_OF: Readonly<Record<HttpStatus, status>> = {
  400: status.INVALID_ARGUMENT,
  401: status.UNAUTHENTICATED,
  404: status.NOT_FOUND,
  405: status.UNIMPLEMENTED,
  406: status.INVALID_ARGUMENT,
  408: status.DEADLINE_EXCEEDED,
  409: status.FAILED_PRECONDITION,
  413: status.INVALID_ARGUMENT,
  415: status.INVALID_ARGUMENT,
  422: status.INVALID_ARGUMENT,
  429: status.RESOURCE_EXHAUSTED,
  431: status.RESOURCE_EXHAUSTED,
  499: status.CANCELLED,
  500: status.INTERNAL,
  503: status.UNAVAILABLE,
  504: status.DEADLINE_EXCEEDED
}

/** The trailing metadata that tells the stable code. */
const CODE_KEY = 'x-error-code'
/** What gRPC's own retries wait for, in milliseconds. */
const PUSHBACK_KEY = 'grpc-retry-pushback-ms'

/** An error as gRPC sends it: `code: detail`, with the stable code in the trailing metadata, too. What is not found is the method. */
export function statusOf (error: ServiceError): StatusObject {
  const code = error.code === 'not_found' ? status.UNIMPLEMENTED : STATUS_OF[error.status as HttpStatus]
  const metadata = new Metadata()
  metadata.set(CODE_KEY, error.code)
  if (error.retryAfterSeconds !== undefined) metadata.set(PUSHBACK_KEY, String(error.retryAfterSeconds * 1000))
  return { code, details: `${error.code}: ${error.message}`, metadata }
}
