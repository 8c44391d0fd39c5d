/**
 * Every error that a client can be sent: its stable code, HTTP status and title.
 * The code is the contract; titles and details may change.
 */
export const ERRORS = {
  malformed_request: { status: 400, title: 'The request is not valid HTTP' },
  malformed_body: { status: 400, title: 'The request body cannot be read' },
  invalid_tensor: { status: 400, title: 'A tensor is not one of the model\'s' },
  no_image: { status: 400, title: 'The request holds no image' },
  invalid_query: { status: 400, title: 'A query parameter is wrong' },
  crop_outside_image: { status: 400, title: 'The crop lies outside the image' },
  invalid_header: { status: 400, title: 'A request header is wrong' },
  unauthorized: { status: 401, title: 'The request brings no valid API key' },
  not_found: { status: 404, title: 'There is nothing at this address' },
  model_not_found: { status: 404, title: 'There is no such model' },
  method_not_allowed: { status: 405, title: 'This address does not take this method' },
  not_acceptable: { status: 406, title: 'The reply cannot have the form that the request accepts' },
  not_explainable: { status: 406, title: 'The network cannot say exactly where it looked' },
  request_timeout: { status: 408, title: 'The request did not arrive in time' },
  not_embeddable: { status: 409, title: 'The model has no features to give' },
  reload_in_progress: { status: 409, title: 'A reload is running' },
  image_too_large: { status: 413, title: 'The image is too large in bytes' },
  image_too_many_pixels: { status: 413, title: 'The image has too many pixels' },
  too_many_images: { status: 413, title: 'The request holds too many images' },
  request_too_large: { status: 413, title: 'The request body is too large' },
  unsupported_media_type: { status: 415, title: 'The content type is not supported' },
  unsupported_content_encoding: { status: 415, title: 'The content encoding is not supported' },
  unsupported_image_format: { status: 415, title: 'The image format is not supported' },
  heic_not_supported: { status: 415, title: 'HEIC images are not supported' },
  undecodable_image: { status: 422, title: 'The image cannot be decoded' },
  decode_timeout: { status: 422, title: 'The image takes too long to decode' },
  rate_limited: { status: 429, title: 'The client sends too many requests' },
  headers_too_large: { status: 431, title: 'The request headers are too large' },
  client_closed_request: { status: 499, title: 'The client closed the request' },
  internal_error: { status: 500, title: 'Something went wrong in the service' },
  inference_failed: { status: 500, title: 'The engine failed on this image' },
  reload_failed: { status: 500, title: 'The model could not be opened, and the one before goes on serving' },
  queue_full: { status: 503, title: 'The queue is full' },
  overloaded: { status: 503, title: 'Uploads hold all the memory that they may' },
  deadline_unreachable: { status: 503, title: 'The image would not be classified before its deadline' },
  decoder_failed: { status: 503, title: 'The service cannot decode the image now' },
  not_ready: { status: 503, title: 'The service is not ready' },
  shutting_down: { status: 503, title: 'The service is shutting down' },
  reload_refused: { status: 503, title: 'The model is not reloaded now, and the one before goes on serving' },
  deadline_exceeded: { status: 504, title: 'The deadline passed before the image was classified' }
} as const

export type ErrorCode = keyof typeof ERRORS

/**
 * An error that the operator can mend: its message says in one sentence what is wrong and what to do. Whatever else ends a
 * start is a defect, and is logged with its stack.
 */
export class OperatorError extends Error {
  override readonly name: string = 'OperatorError'
}

/** What the system fails at for the moment, and the input is not to blame for: whoever works through inputs stops, and can go on later. */
export class SystemFailure extends OperatorError {
  override readonly name: string = 'SystemFailure'
}

/** An error meant for the client: `detail` says in one sentence what happened and what to do about it. */
export class ServiceError extends Error {
  override readonly name = 'ServiceError'
  readonly code: ErrorCode
  /** Seconds after which trying again makes sense, sent as Retry-After. */
  readonly retryAfterSeconds: number | undefined

  constructor (code: ErrorCode, detail: string, options: { cause?: unknown, retryAfterSeconds?: number } = {}) {
    super(detail, { cause: options.cause })
    this.code = code
    this.retryAfterSeconds = options.retryAfterSeconds
  }

  get status (): number {
    return ERRORS[this.code].status
  }
}
