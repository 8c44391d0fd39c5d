import { MIMEType } from 'node:util'
import { malformedBody, noForm, tooMany } from '../../base/sentences.js'
import type { ImageFile } from '../../service/inference.js'
import type { BodyReader, UploadLimits } from '../../intake/limits.js'
import { Part } from './part.js'
import { readPartHead } from './part-head.js'
import { MultipartSplitter, type PartListener } from './splitter.js'

/** Parts that a form may have beside its images; what they hold is of no use. */
const MAX_OTHERS = 100

/**
 * Reads the images of multipart/form-data (RFC 7578), under any field name, and of other kinds of multipart. Whatever may be an
 * image is one, or has its error in its place.
 */
export class FormReader implements BodyReader, PartListener {
  private readonly splitter: MultipartSplitter
  private readonly images: ImageFile[] = []
  private current: Part | undefined
  private others = 0
  private isEmpty = true

  /** Throws a ServiceError `malformed_body` for a content type without a boundary. */
  constructor (contentType: string, private readonly limits: UploadLimits) {
    this.splitter = new MultipartSplitter(boundaryOf(contentType), this)
  }

  get found (): number {
    return this.images.length
  }

  push (chunk: Buffer): void {
    this.isEmpty = false
    this.splitter.push(chunk)
  }

  end (): ImageFile[] {
    if (!this.isEmpty && !this.splitter.isOver) throw noForm('it ends before its last boundary')
    return this.images
  }

  part (head: string): void {
    this.current = new Part(readPartHead(head), this.limits.maxImageBytes)
  }

  brokenPart (): void {
    this.add(malformedBody('A part of the form has no empty line between its headers and its content'))
  }

  content (bytes: Buffer): void {
    this.current?.push(bytes)
  }

  endOfPart (): void {
    const image = this.current?.end()
    if (image !== undefined) this.add(image)
    else if (++this.others > MAX_OTHERS) throw noForm(`it has more than ${MAX_OTHERS} parts beside its images`)
  }

  private add (image: ImageFile): void {
    const { maxImagesPerRequest } = this.limits
    if (this.images.length === maxImagesPerRequest) throw tooMany(maxImagesPerRequest)
    this.images.push(image)
  }
}

function boundaryOf (contentType: string): string {
  try {
    const boundary = new MIMEType(contentType).params.get('boundary')
    if (boundary !== null) return boundary
  } catch (cause) {
    throw noForm('its Content-Type is not valid', cause)
  }
  throw noForm('its Content-Type names no boundary')
}
