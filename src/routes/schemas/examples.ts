import type { ErrorCode, ServiceError } from '../../base/errors.js'
import { UnreadableError } from '../../base/existing.js'
import * as say from '../../base/sentences.js'
import { unknownEncoding } from '../content-encodings.js'

/** For each error code, one that a client may be sent. */
export const EXAMPLES: Readonly<Record<ErrorCode, ServiceError>> = {
  malformed_request: say.noHttp(),
  malformed_body: say.noEntry(),
  invalid_tensor: say.noSignature(['serving_default', 'rescaled'], 'classify'),
  no_image: say.nothingSent(),
  crop_outside_image: say.cropOutside(451, 300),
  invalid_query: say.wrongCount('topK', 10),
  invalid_header: say.wrongTimeout(),
  unauthorized: say.unauthorized(false),
  not_found: say.nothingHere(),
  model_not_found: say.otherModel({ name: 'xception-cifar10', version: '1' }, 'resnet'),
  method_not_allowed: say.takes(['POST']),
  not_acceptable: say.onePicture('image/png'),
  not_explainable: say.notExplainable('no global pooling stands before the classifier'),
  request_timeout: say.lateRequest(),
  not_embeddable: say.notEmbeddable('no global pooling stands before the classifier'),
  reload_in_progress: say.reloading(),
  image_too_large: say.tooLarge(20_971_520),
  image_too_many_pixels: say.tooManyPixels(20_000, 20_000, 100_000_000),
  too_many_images: say.tooMany(32),
  request_too_large: say.requestTooLarge(67_108_864),
  unsupported_media_type: say.unsupportedType(),
  unsupported_content_encoding: unknownEncoding(),
  unsupported_image_format: say.unsupportedFormat('SVG'),
  heic_not_supported: say.heic(),
  undecodable_image: say.undecodable('jpeg'),
  decode_timeout: say.tookTooLong(),
  rate_limited: say.rateLimited(60, 12),
  headers_too_large: say.headersTooLarge(),
  client_closed_request: say.clientClosed(),
  internal_error: say.internal(),
  inference_failed: say.engineFailed(),
  reload_failed: say.reloadFailed(new UnreadableError('models/next/model.json', 'EACCES')),
  queue_full: say.queueFull(64, 2),
  overloaded: say.overloaded(268_435_456, 1_048_576, 2),
  deadline_unreachable: say.unreachable(3, 500, 4),
  decoder_failed: say.decoderFailed(10),
  not_ready: say.stillLoading(),
  shutting_down: say.shuttingDown(),
  reload_refused: say.nothingToReplace('draining'),
  deadline_exceeded: say.deadlineExceeded(10_000)
}
