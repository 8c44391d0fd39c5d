import type { Readable } from 'node:stream'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { FastifyRequest } from 'fastify'
import type { Upload } from '../service/classification.js'
import { ServiceError } from '../base/errors.js'
import { readAll, untilAborted } from './body.js'

export interface UploadLimits {
  readonly maxImageBytes: number
  readonly maxImagesPerRequest: number
  readonly maxRequestBytes: number
}

/**
 * The images of a request in upload order, whatever way it carries them. Throws a ServiceError for the request as a whole,
 * or the signal's reason if it is aborted first.
 */
export async function readUploads (request: FastifyRequest, limits: UploadLimits, signal: AbortSignal): Promise<Upload[]> {
  let uploads
  try {
    uploads = request.isMultipart() ? await readMultipart(request, limits, signal) : await readBody(request, limits, signal)
  } catch (error) {
    // The rest of the body is read and dropped, or it would keep the connection and a client that sends before it reads.
    request.raw.unpipe().resume()
    throw error
  }
  if (uploads.length === 0) throw new ServiceError('no_image', 'Send an image as a file of a multipart form, as the raw body, or in base64 as {"images": [...]}.')
  return uploads
}

async function readMultipart (request: FastifyRequest, { maxImageBytes, maxImagesPerRequest, maxRequestBytes }: UploadLimits, signal: AbortSignal): Promise<Upload[]> {
  const uploads: Upload[] = []
  let bytes = 0
  const parts = readable(request.parts({ limits: { fileSize: maxImageBytes, files: maxImagesPerRequest + 1, fields: 100, parts: maxImagesPerRequest + 101 }, throwFileSizeLimit: false } as Parameters<FastifyRequest['parts']>[0]), maxImagesPerRequest)
  for await (const part of untilAborted(parts, signal)) {
    if (part.type !== 'file') continue
    if (uploads.length === maxImagesPerRequest) throw tooMany(maxImagesPerRequest)
    const file = await readAll(part.file, { maxBytes: maxRequestBytes - bytes, tooLarge: () => requestTooLarge(maxRequestBytes), signal })
    bytes += file.length
    uploads.push(part.file.truncated ? tooLarge(maxImageBytes) : file)
  }
  return uploads
}

/** The same parts; what the parser complains of is the client's fault. */
async function * readable<T> (parts: AsyncIterable<T>, maxImagesPerRequest: number): AsyncGenerator<T> {
  try {
    yield * parts
  } catch (error) {
    const { code, message } = error as Error & { code?: string }
    if (code === 'ECONNRESET') throw error
    if (code === 'FST_FILES_LIMIT' || code === 'FST_PARTS_LIMIT') throw tooMany(maxImagesPerRequest)
    throw new ServiceError('malformed_body', `The form cannot be read: ${message}.`, { cause: error })
  }
}

async function readBody (request: FastifyRequest, limits: UploadLimits, signal: AbortSignal): Promise<Upload[]> {
  const stream = request.body as Readable | undefined
  if (stream === undefined || stream === null) return []
  const isJson = request.headers['content-type']?.toLowerCase().startsWith('application/json') === true
  const maxBytes = isJson ? limits.maxRequestBytes : limits.maxImageBytes
  const limitError = (): ServiceError => isJson ? requestTooLarge(maxBytes) : tooLarge(maxBytes)
  if (Number(request.headers['content-length']) > maxBytes) throw limitError()
  const body = await readAll(stream, { maxBytes, tooLarge: limitError, signal })
  if (body.length === 0) return []
  return isJson ? await readJson(body, limits) : [body]
}

async function readJson (body: Buffer, { maxImagesPerRequest }: UploadLimits): Promise<Upload[]> {
  let json: { images?: unknown } | null
  try {
    json = JSON.parse(body.toString('utf8')) as typeof json
  } catch (error) {
    throw new ServiceError('malformed_body', `The body is not valid JSON: ${(error as Error).message}.`)
  }
  const images = json?.images
  if (!Array.isArray(images)) throw new ServiceError('malformed_body', 'A JSON body looks like {"images": ["<base64>", ...]}.')
  if (images.length > maxImagesPerRequest) throw tooMany(maxImagesPerRequest)
  const uploads: Upload[] = []
  for (const image of images) {
    uploads.push(decodeBase64(image))
    // Megabytes of base64 take milliseconds: others have their turn in between.
    await nextTurn()
  }
  return uploads
}

function decodeBase64 (value: unknown): Upload {
  if (typeof value !== 'string') return new ServiceError('malformed_body', 'Each entry of "images" is a base64 string or a data URL.')
  const text = value.startsWith('data:') ? value.slice(value.indexOf(',') + 1) : value
  return decodeWhole(text) ?? decodeWhole(text.replace(/\s+/g, '')) ?? new ServiceError('malformed_body', 'An entry of "images" is not valid base64.')
}

/** Undefined where something in the text is no base64: Node skips that instead of refusing it, and the result is too short. */
function decodeWhole (text: string): Buffer | undefined {
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0
  const digits = text.length - padding
  const bytes = Buffer.from(text, 'base64')
  return digits % 4 !== 1 && bytes.length === Math.floor(digits * 3 / 4) ? bytes : undefined
}

function tooMany (most: number): ServiceError {
  return new ServiceError('too_many_images', `A request takes at most ${most} images.`)
}

function tooLarge (most: number): ServiceError {
  return new ServiceError('image_too_large', `An image takes at most ${most} bytes.`)
}

function requestTooLarge (most: number): ServiceError {
  return new ServiceError('request_too_large', `A request body takes at most ${most} bytes.`)
}
