import { once } from 'node:events'
import { Busboy, type BusboyFileStream, type BusboyInstance } from '@fastify/busboy'
import { ServiceError } from '../base/errors.js'
import type { ImageFile } from '../service/inference.js'
import { Bytes } from './bytes.js'
import { tooLarge, tooMany, type BodyReader, type UploadLimits } from './limits.js'

/** Fields that a form may have beside its files; what they hold is of no use. */
const MAX_FIELDS = 100
const MAX_PART_HEADER_BYTES = 16 * 1024

/** Reads the files of multipart/form-data (RFC 7578) under any field name. */
export class FormReader implements BodyReader {
  found = 0
  private readonly parser: BusboyInstance
  private readonly files: Array<() => ImageFile> = []
  private failure: ServiceError | undefined
  private isEmpty = true
  private isFinished = false
  /** The form ended before its last file did, which is then no image. */
  private isCutOff = false

  /** Throws a ServiceError `malformed_body` for a content type without a boundary. */
  constructor (contentType: string, private readonly limits: UploadLimits) {
    const { maxImageBytes: fileSize, maxImagesPerRequest: files, maxRequestBytes } = limits
    try {
      this.parser = new Busboy({
        headers: { 'content-type': contentType },
        // Nothing ever waits: a part that is passed over and ends while the parser waits for its reader holds up the form for good.
        fileHwm: maxRequestBytes,
        limits: { fileSize, files, fields: MAX_FIELDS, fieldSize: 0, parts: files + MAX_FIELDS, headerSize: MAX_PART_HEADER_BYTES }
      })
    } catch (error) {
      throw malformed(error as Error)
    }
    this.parser.on('file', (_name, file) => { this.collect(file) })
    // Some forms are finished before their body is.
    this.parser.once('finish', () => { this.isFinished = true })
    this.parser.on('error', (error) => { this.failure ??= malformed(error as Error) })
    for (const limit of ['filesLimit', 'partsLimit', 'fieldsLimit'] as const) {
      this.parser.on(limit, () => { this.failure ??= tooMany(files) })
    }
  }

  push (chunk: Buffer): void {
    this.isEmpty = false
    // What the parser holds back it takes in the next turn: everything is collected as it comes.
    this.parser.write(chunk)
    this.check()
  }

  async end (): Promise<ImageFile[]> {
    if (this.isEmpty) return []
    this.check()
    this.parser.once('error', () => { this.isCutOff = true })
    this.parser.end()
    if (!this.isFinished) await once(this.parser, 'finish').catch((error: Error) => { this.failure ??= malformed(error) })
    this.check()
    return this.files.map((finish) => finish())
  }

  private collect (file: BusboyFileStream): void {
    const bytes = new Bytes()
    this.files.push(() => file.truncated ? tooLarge(this.limits.maxImageBytes) : bytes.finish())
    file.on('error', (error) => { this.failure ??= malformed(error) })
    file.on('end', () => { if (!this.isCutOff) this.found++ })
    file.on('data', (piece: Buffer) => { bytes.append(piece) })
  }

  private check (): void {
    if (this.failure !== undefined) throw this.failure
  }
}

function malformed (cause: Error): ServiceError {
  return new ServiceError('malformed_body', `The form cannot be read: ${cause.message}.`, { cause })
}
