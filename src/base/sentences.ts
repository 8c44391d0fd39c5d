import { ServiceError, type ErrorCode } from './errors.js'

/*
 * Every error that a client can be sent, with the sentence that it says: by code, in the order of `ERRORS`. Examples of the API's
 * document are made by the same functions.
 */

const one = (code: ErrorCode, sentence: string, cause?: unknown): ServiceError => new ServiceError(code, sentence, { cause })
const later = (code: ErrorCode, sentence: string, retryAfterSeconds: number, cause?: unknown): ServiceError =>
  new ServiceError(code, sentence, { cause, retryAfterSeconds })

export const noHttp = (): ServiceError => one('malformed_request', 'This is not a valid HTTP/1.1 request.')
export const noHost = (): ServiceError => one('malformed_request', 'A request of HTTP/1.1 has a header Host.')
export const brokenAddress = (): ServiceError => one('malformed_request', 'The address holds a % that begins no UTF-8 character.')

/** `statement` is a whole sentence without its full stop. */
export const malformedBody = (statement: string, cause?: unknown): ServiceError => one('malformed_body', `${statement}.`, cause)
export const noJson = (reason: string): ServiceError => malformedBody(`The body is not valid JSON: ${reason}`)
export const noForm = (reason: string, cause?: unknown): ServiceError => malformedBody(`The form cannot be read: ${reason}`, cause)
export const noPredictRequest = (reason: string): ServiceError => malformedBody(`The body is no predict request: ${reason}`)
export const notInflated = (reason: string, cause?: unknown): ServiceError =>
  malformedBody(`The body cannot be decompressed: ${reason}`, cause)
/** `what`: "An image". */
export const noBase64 = (what: string): ServiceError => malformedBody(`${what} is not valid base64`)
export const noEntry = (): ServiceError => malformedBody('Each entry of "images" is a base64 string or a data URL')
export const noImageList = (): ServiceError => malformedBody('A JSON body looks like {"images": ["<base64>", ...]}')
export const tooManyValues = (): ServiceError =>
  malformedBody('The body has more names, parameters or values than a request with images needs')
export const unreadableMessage = (cause: Error): ServiceError => malformedBody(`The message cannot be read: ${cause.message}`, cause)
export const noMessage = (): ServiceError => malformedBody('The call brings no message')

/** `sentence` is a whole one. */
export const invalidTensor = (sentence: string): ServiceError => one('invalid_tensor', sentence)
export const noSignature = (names: readonly string[], wanted: string): ServiceError =>
  invalidTensor(`The signatures are ${names.join(' and ')}; there is no "${wanted}".`)

export const nothingSent = (): ServiceError =>
  one('no_image', 'Send an image as a file of a multipart form, as the raw body, or in base64 as {"images": [...]}.')
export const emptyUpload = (): ServiceError => one('no_image', 'The upload is empty: it has no bytes.')
export const noImages = (): ServiceError => one('no_image', 'The request holds no image.')
export const emptyTensor = (name: string): ServiceError => one('no_image', `"${name}" holds no image.`)
export const noRawImage = (): ServiceError => one('no_image', 'A request without JSON has one image file as its body.')
export const noFile = (): ServiceError => one('no_image', 'This is not a file.')
export const unreadableFile = (cause: Error): ServiceError => one('no_image', `The file cannot be read: ${cause.message}.`, cause)

export const wrongCount = (name: string, most: number): ServiceError => one('invalid_query', `${name} is a whole number from 1 to ${most}.`)
export const wrongCrop = (): ServiceError =>
  one('invalid_query', 'crop is x,y,width,height in pixels of the upright image: four numbers, the last two above 0.')
export const wrongCropScale = (least: number, most: number): ServiceError =>
  one('invalid_query', `cropScale is a number from ${least} to ${most}, and comes with crop.`)
export const cropOutside = (width: number, height: number): ServiceError =>
  one('crop_outside_image', `Nothing of the crop lies within the image, which has ${width} x ${height} pixels.`)
export const wrongFlag = (name: string): ServiceError => one('invalid_query', `${name} is true or false.`)

export const wrongTimeout = (): ServiceError =>
  one('invalid_header', 'x-request-timeout-ms is a whole number of milliseconds from 1.')
export const wrongJsonLength = (): ServiceError =>
  one('invalid_header', 'Inference-Header-Content-Length is the length of the JSON in bytes.')

export const unauthorized = (isWrong: boolean): ServiceError => one('unauthorized', isWrong
  ? 'The API key is not one of this service\'s.'
  : 'Send an API key, as Authorization: Bearer KEY or as x-api-key: KEY.')

export const nothingHere = (): ServiceError => one('not_found', 'There is nothing here: GET / lists what there is.')
export const noPageFile = (): ServiceError => one('not_found', 'The page has no such file.')
export const noMethod = (): ServiceError => one('not_found', 'There is no such method.')

/** What there is, and what was asked for, a version of it or any. */
export const otherModel = (found: { readonly name: string, readonly version: string }, name: string, version?: string): ServiceError =>
  one('model_not_found', `This service has the model "${found.name}" of version "${found.version}", and not "${name}"` +
    `${version === undefined ? '' : ` of version "${version}"`}.`)

export const takes = (methods: readonly string[]): ServiceError => one('method_not_allowed', `This address takes ${methods.join(' and ')}.`)
export const noProxy = (): ServiceError => one('method_not_allowed', 'This service is no proxy.')

export const onePicture = (type: string): ServiceError =>
  one('not_acceptable', `${type} shows one image: send one, or accept application/json.`)
export const notExplainable = (reason: string): ServiceError => one('not_explainable', `There is no exact map: ${reason}.`)

export const lateRequest = (): ServiceError => one('request_timeout', 'The request did not arrive in time.')

export const notEmbeddable = (reason: string): ServiceError => one('not_embeddable', `The network has no pooled features: ${reason}.`)
export const reloading = (): ServiceError => one('reload_in_progress', 'A reload is running: try again when it is over.')

/** Where the size is not known before the end. */
export const tooLarge = (most: number): ServiceError => one('image_too_large', `An image takes at most ${most} bytes.`)
export const imageTooLarge = (bytes: number, most: number): ServiceError =>
  one('image_too_large', `The image has ${bytes} bytes; at most ${most} are accepted.`)

export const tooManyPixels = (width: number, height: number, most: number): ServiceError =>
  one('image_too_many_pixels', `The image has ${width} x ${height} pixels, ${width * height} in all; at most ${most} are accepted.`)
export const tooMuchMemory = (picture: string, bytes: number, most: number): ServiceError => one('image_too_many_pixels',
  `Decoding this ${picture} could take ${bytes} bytes of memory; at most ${most} are given: send it smaller, or as a plain JPEG.`)

export const tooMany = (most: number): ServiceError => one('too_many_images', `A request takes at most ${most} images.`)

export const requestTooLarge = (most: number): ServiceError => one('request_too_large', `A request body takes at most ${most} bytes.`)

export const unsupportedType = (): ServiceError =>
  one('unsupported_media_type', 'Send multipart/form-data, an image type, application/octet-stream or application/json.')

export const unsupportedEncoding = (known: readonly string[], most: number): ServiceError => one('unsupported_content_encoding',
  `Send the body as it is, or with content encodings of ${known.join(', ')}, at most ${most} of them.`)
export const unsupportedPartEncoding = (name: string): ServiceError => one('unsupported_content_encoding',
  `The Content-Transfer-Encoding of an image is base64 or binary, and a part of the form says ${name}.`)

const FORMATS = 'JPEG, PNG, WebP, GIF, AVIF or TIFF'
export const unknownFormat = (): ServiceError =>
  one('unsupported_image_format', `The upload is not an image in a supported format. Send ${FORMATS}.`)
/** `what`: "SVG". */
export const unsupportedFormat = (what: string, instead = FORMATS): ServiceError =>
  one('unsupported_image_format', `The upload is ${what}, which is not supported. Send ${instead}.`)
export const noStillPicture = (): ServiceError =>
  one('unsupported_image_format', 'The upload is an AVIF animation that has no still picture beside it. Send a frame.')

export const heic = (): ServiceError => one('heic_not_supported', 'HEIC images cannot be decoded here. Convert the photo to JPEG first, ' +
  'with "heif-convert photo.heic photo.jpg" or, on macOS, "sips -s format jpeg photo.heic --out photo.jpg"; ' +
  'an iPhone takes JPEG photos with Settings > Camera > Formats > Most Compatible.')

/** An image that is not one, whatever its beginning says. */
export const undecodable = (format: string, cause?: unknown): ServiceError => one('undecodable_image',
  `The ${format.toUpperCase()} image is damaged, cut short or of a kind that cannot be decoded.`, cause)

export const tookTooLong = (cause?: unknown): ServiceError =>
  one('decode_timeout', 'The image takes too long to decode: send it smaller, or as a plain JPEG or PNG.', cause)

export const rateLimited = (perMinute: number, seconds: number): ServiceError =>
  later('rate_limited', `At most ${perMinute} requests a minute are taken: try again in ${seconds} s.`, seconds)

export const headersTooLarge = (): ServiceError => one('headers_too_large', 'The request headers take more than 16 KiB.')

export const clientClosed = (cause?: unknown): ServiceError => one('client_closed_request', 'The client closed the connection.', cause)
export const clientCancelled = (): ServiceError => one('client_closed_request', 'The client cancelled the call.')

export const internal = (cause?: unknown): ServiceError =>
  one('internal_error', 'Something went wrong in the service; its log says what.', cause)
export const notClassified = (cause: unknown): ServiceError => one('internal_error', 'The image could not be classified.', cause)
export const noResult = (): ServiceError => one('internal_error', 'There is no result for this image.')

export const engineFailed = (cause?: unknown): ServiceError =>
  one('inference_failed', 'The engine failed on this image: the next request is served by a new worker.', cause)

/** What opening the model failed with says why. */
export const reloadFailed = (cause: Error): ServiceError => one('reload_failed', cause.message, cause)

export const queueFull = (size: number, retryAfterSeconds: number): ServiceError =>
  later('queue_full', `The queue of ${size} images is full: try again.`, retryAfterSeconds)

export const overloaded = (size: number, more: number, retryAfterSeconds: number): ServiceError =>
  later('overloaded', `Uploads may hold ${size} bytes together, and ${more} more are not left: try again.`, retryAfterSeconds)

export const unreachable = (seconds: number, withinMs: number, retryAfterSeconds: number): ServiceError => later('deadline_unreachable',
  `The images before this one take about ${Math.ceil(seconds)} s, and its deadline is in ${withinMs} ms: try again.`, retryAfterSeconds)

export const decoderFailed = (retryAfterSeconds: number, cause?: unknown): ServiceError => later('decoder_failed',
  'The service could not decode the image for a reason of its own, which its log tells: send it again later.', retryAfterSeconds, cause)

export const stillLoading = (): ServiceError => later('not_ready', 'The model is still loading.', 1)
export const workerReplaced = (): ServiceError => later('not_ready', 'The worker is being replaced: try again in a moment.', 1)
export const noWorker = (): ServiceError => one('not_ready', 'No worker is ready to classify: try again in a moment.')
export const engineLost = (): ServiceError => later('not_ready', 'The engine is lost, and the process ends: send this request again.', 1)

export const shuttingDown = (): ServiceError =>
  later('shutting_down', 'The service is shutting down: send this request to another replica.', 1)

/** `state`: "loading", "draining". */
export const nothingToReplace = (state: string): ServiceError =>
  one('reload_refused', `The service is ${state}: there is no model to replace.`)
export const noRoom = (neededMiB: number, usableMiB: number): ServiceError => one('reload_refused',
  `Memory does not hold two models: a second model beside it would take about ${neededMiB} MiB, and this process may use ` +
  `${usableMiB} MiB. Raise the limit, or start a new process.`)

export const deadlineExceeded = (timeoutMs: number): ServiceError =>
  one('deadline_exceeded', `The request was not answered within ${timeoutMs} ms.`)
