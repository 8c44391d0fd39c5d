import type { FastifyReply, FastifyRequest } from 'fastify'
import type { ServiceError } from '../base/errors.js'
import { nothingSent, requestTooLarge, tooLarge, unsupportedType } from '../base/sentences.js'
import type { Body } from '../intake/admitted.js'
import { bytesOfAll } from '../service/inference.js'
import { announcedBytesOf } from './body.js'
import { contentEncodings } from './content-encodings.js'
import { FormReader } from './form/form-reader.js'
import { JsonImages } from './json-images.js'
import { JudgedByContent } from './judged-by-content.js'
import type { BodyReader, UploadLimits } from '../intake/limits.js'
import { isGeneric, isJson, mediaTypeOf } from './media-types.js'
import { RawImage } from './raw-image.js'
import { readBody } from './read-body.js'

/**
 * Judges a body by its headers. Throws a ServiceError `no_image`, `unsupported_media_type`, `unsupported_content_encoding`,
 * `malformed_body`, or `request_too_large` or `image_too_large` if it announces more than it may have.
 */
export function openBody ({ raw }: FastifyRequest, reply: FastifyReply, limits: UploadLimits): Body {
  const announcedBytes = announcedBytesOf(raw.headers)
  if (announcedBytes === 0) throw nothingSent()
  const { 'content-type': contentType = '', 'content-encoding': contentEncoding } = raw.headers
  const type = mediaTypeOf(contentType)
  const isImage = type.startsWith('image/')
  const maxBytes = isImage ? Math.min(limits.maxImageBytes, limits.maxRequestBytes) : limits.maxRequestBytes
  const exceeded = (): ServiceError => isImage ? tooLarge(maxBytes) : requestTooLarge(maxBytes)
  const encodings = contentEncodings(contentEncoding)
  const reader = readerFor(type, contentType, limits, encodings.length === 0 ? announcedBytes : undefined)
  if (announcedBytes !== undefined && announcedBytes > maxBytes) throw exceeded()
  return {
    announcedBytes,
    get found () { return reader.found },
    read: async (claim, signal) => {
      const uploads = await readBody(raw, reply.raw, { maxBytes, tooLarge: exceeded, claim, signal }, encodings, reader)
      if (uploads.length === 0) throw nothingSent()
      claim.keep(bytesOfAll(uploads))
      return uploads
    }
  }
}

function readerFor (type: string, contentType: string, limits: UploadLimits, announcedBytes: number | undefined): BodyReader {
  if (type.startsWith('multipart/')) return new FormReader(contentType, limits)
  if (isJson(type)) return new JsonImages(limits)
  if (type.startsWith('image/')) return new RawImage(limits.maxImageBytes, announcedBytes)
  if (isGeneric(type)) return new JudgedByContent(limits, announcedBytes)
  throw unsupportedType()
}
