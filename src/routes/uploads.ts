import type { FastifyRequest } from 'fastify'
import { ServiceError } from '../errors.js'
import type { Upload } from '../classifier.js'

export interface UploadLimits {
  readonly maxImageBytes: number
  readonly maxImagesPerRequest: number
}

/** The images of a request in upload order, whatever way it carries them. Throws a ServiceError for the request as a whole. */
export async function readUploads (request: FastifyRequest, limits: UploadLimits): Promise<Upload[]> {
  const uploads = request.isMultipart() ? await readMultipart(request, limits) : readBody(request.body, limits)
  if (uploads.length === 0) throw new ServiceError('no_image', 'Send an image as a file of a multipart form, as the raw body, or in base64 as {"images": [...]}.')
  return uploads
}

async function readMultipart (request: FastifyRequest, { maxImageBytes, maxImagesPerRequest }: UploadLimits): Promise<Upload[]> {
  const uploads: Upload[] = []
  const parts = request.parts({ limits: { fileSize: maxImageBytes, files: maxImagesPerRequest + 1, fields: 100, parts: maxImagesPerRequest + 101 }, throwFileSizeLimit: false } as Parameters<FastifyRequest['parts']>[0])
  for await (const part of parts) {
    if (part.type !== 'file') continue
    if (uploads.length === maxImagesPerRequest) {
      part.file.destroy()
      throw tooMany(maxImagesPerRequest)
    }
    const chunks: Buffer[] = []
    for await (const chunk of part.file) chunks.push(chunk as Buffer)
    uploads.push(part.file.truncated ? tooLarge(maxImageBytes) : Buffer.concat(chunks))
  }
  return uploads
}

function readBody (body: unknown, { maxImageBytes, maxImagesPerRequest }: UploadLimits): Upload[] {
  if (Buffer.isBuffer(body)) return body.length === 0 ? [] : [body]
  if (body === undefined || body === null) return []
  const images = (body as { images?: unknown }).images
  if (!Array.isArray(images)) throw new ServiceError('malformed_body', 'A JSON body looks like {"images": ["<base64>", ...]}.')
  if (images.length > maxImagesPerRequest) throw tooMany(maxImagesPerRequest)
  return images.map((image) => decodeBase64(image, maxImageBytes))
}

function decodeBase64 (value: unknown, maxImageBytes: number): Upload {
  if (typeof value !== 'string') return new ServiceError('malformed_body', 'Each entry of "images" is a base64 string or a data URL.')
  const text = value.replace(/^data:[^,]*,/, '').replace(/\s+/g, '').replace(/=+$/, '')
  if (text.length * 3 / 4 > maxImageBytes) return tooLarge(maxImageBytes)
  // Node skips what is no base64 instead of refusing it.
  if (text.length % 4 === 1 || !/^[\w+/-]*$/.test(text)) return new ServiceError('malformed_body', 'An entry of "images" is not valid base64.')
  return Buffer.from(text, 'base64')
}

function tooMany (most: number): ServiceError {
  return new ServiceError('too_many_images', `A request takes at most ${most} images.`)
}

export function tooLarge (most: number): ServiceError {
  return new ServiceError('image_too_large', `An image takes at most ${most} bytes.`)
}
