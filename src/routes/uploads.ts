import type { FastifyReply, FastifyRequest } from 'fastify'
import { ServiceError } from '../base/errors.js'
import type { ByteClaim } from '../service/admission.js'
import { bytesOfAll, type Upload } from '../service/inference.js'
import { announcedBytesOf, receive } from './body.js'
import { Bytes } from './bytes.js'
import { FormReader } from './form.js'
import { JsonImages } from './json-images.js'
import { requestTooLarge, tooLarge, type BodyReader, type UploadLimits } from './limits.js'

/** What `curl --data-binary` and others say of any body at all. */
const GENERIC_TYPES = new Set(['', 'application/octet-stream', 'application/x-www-form-urlencoded', 'binary/octet-stream'])

/** A body that was looked at and not read yet. */
export interface Body<T = Upload[]> {
  /** Undefined where the client does not say. */
  readonly announcedBytes: number | undefined
  /**
   * What it holds, images in upload order. Throws a ServiceError for the request as a whole, or the signal's reason if it is
   * aborted first. In the end the claim holds what the images take.
   */
  read (claim: ByteClaim, signal: AbortSignal): Promise<T>
  /** Images that were read so far, also of a body that cannot be read to its end. */
  readonly found: number
}

/**
 * Judges a body by its headers. Throws a ServiceError `no_image`, `unsupported_media_type`, `malformed_body`, or
 * `request_too_large` or `image_too_large` if it announces more than it may have.
 */
export function openBody (request: FastifyRequest, reply: FastifyReply, limits: UploadLimits): Body {
  const { 'content-type': contentType = '' } = request.headers
  const announcedBytes = announcedBytesOf(request.headers)
  if (announcedBytes === 0) throw noImage()
  const type = contentType.split(';', 1)[0]?.trim().toLowerCase() ?? ''
  const isImage = type.startsWith('image/')
  const maxBytes = isImage ? Math.min(limits.maxImageBytes, limits.maxRequestBytes) : limits.maxRequestBytes
  const exceeded = (): ServiceError => isImage ? tooLarge(maxBytes) : requestTooLarge(maxBytes)
  const reader = readerFor(type, contentType, limits, announcedBytes)
  if (announcedBytes !== undefined && announcedBytes > maxBytes) throw exceeded()
  return {
    announcedBytes,
    get found () { return reader.found },
    read: async (claim, signal) => {
      await receive(request.raw, reply.raw, { maxBytes, tooLarge: exceeded, claim, signal }, (piece) => { reader.push(piece) })
      const uploads = await reader.end()
      if (uploads.length === 0) throw noImage()
      claim.keep(bytesOfAll(uploads))
      return uploads
    }
  }
}

function readerFor (type: string, contentType: string, limits: UploadLimits, announcedBytes: number | undefined): BodyReader {
  if (type === 'multipart/form-data') return new FormReader(contentType, limits)
  if (type === 'application/json') return new JsonImages(limits)
  if (type.startsWith('image/')) return new RawImage(limits, announcedBytes)
  if (GENERIC_TYPES.has(type)) return new JudgedByContent(limits, announcedBytes)
  throw new ServiceError('unsupported_media_type', 'Send multipart/form-data, an image type, application/octet-stream or application/json.')
}

/** One image that is the whole body. */
class RawImage implements BodyReader {
  found = 0
  private readonly bytes

  constructor (private readonly limits: UploadLimits, announcedBytes: number | undefined) {
    this.bytes = new Bytes(announcedBytes)
  }

  push (chunk: Buffer): void {
    if (this.bytes.length + chunk.length > this.limits.maxImageBytes) throw tooLarge(this.limits.maxImageBytes)
    this.bytes.append(chunk)
  }

  end (): Upload[] {
    if (this.bytes.length === 0) return []
    this.found = 1
    return [this.bytes.finish()]
  }
}

/** JSON if it begins like an object, else an image: none begins so. */
class JudgedByContent implements BodyReader {
  private reader: BodyReader | undefined

  constructor (private readonly limits: UploadLimits, private readonly announcedBytes: number | undefined) {}

  get found (): number {
    return this.reader?.found ?? 0
  }

  push (chunk: Buffer): void {
    this.reader ??= this.readerOf(chunk)
    this.reader.push(chunk)
  }

  end (): Upload[] | Promise<Upload[]> {
    return this.reader?.end() ?? []
  }

  private readerOf (beginning: Buffer): BodyReader {
    const isJson = /^\s*\{/.test(beginning.toString('latin1', 0, 64))
    return isJson ? new JsonImages(this.limits) : new RawImage(this.limits, this.announcedBytes)
  }
}

function noImage (): ServiceError {
  return new ServiceError('no_image', 'Send an image as a file of a multipart form, as the raw body, or in base64 as {"images": [...]}.')
}
