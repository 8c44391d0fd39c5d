import { ServiceError } from '../base/errors.js'
import type { ImageFile } from '../service/inference.js'
import { Base64Decoder } from './base64.js'
import { JsonScanner, type JsonListener } from './json-scanner.js'
import { tooLarge, tooMany, type BodyReader, type UploadLimits } from './limits.js'

const KEY = 'images'

/** Reads {"images": ["<base64 or data URL>", ...]}; whatever else the object holds is skipped. */
export class JsonImages implements BodyReader, JsonListener {
  private readonly scanner = new JsonScanner(this)
  /** Undefined until there is such a list. */
  private uploads: ImageFile[] | undefined
  /** Of the outermost object's member that is being read. */
  private key = ''
  private isInImages = false
  private image: Base64Decoder | undefined

  constructor (private readonly limits: UploadLimits) {}

  push (chunk: Buffer): void {
    this.scanner.push(chunk)
  }

  end (): ImageFile[] {
    this.scanner.end()
    if (this.uploads === undefined) throw new ServiceError('malformed_body', 'A JSON body looks like {"images": ["<base64>", ...]}.')
    return this.uploads
  }

  value (kind: 'object' | 'array' | 'other', depth: number): void {
    if (this.isEntry(depth)) this.add(new ServiceError('malformed_body', 'Each entry of "images" is a base64 string or a data URL.'))
    if (!this.isImages(depth)) return
    // Of two members with one name the last counts, as everywhere.
    this.uploads = kind === 'array' ? [] : undefined
    this.isInImages = kind === 'array'
  }

  string (isKey: boolean, depth: number): boolean {
    if (isKey) {
      if (depth === 1) this.key = ''
      return depth === 1
    }
    if (this.isImages(depth)) this.uploads = undefined
    if (!this.isEntry(depth)) return false
    this.checkCount()
    this.image = new Base64Decoder(this.limits.maxImageBytes)
    return true
  }

  text (piece: string): void {
    if (this.image !== undefined) this.image.push(piece)
    else if (this.key.length <= KEY.length) this.key += piece.slice(0, KEY.length + 1)
  }

  endOfText (): void {
    if (this.image === undefined) return
    const { image } = this
    this.image = undefined
    const bytes = image.finish()
    if (image.tooLarge) return this.add(tooLarge(this.limits.maxImageBytes))
    this.add(bytes ?? new ServiceError('malformed_body', 'An entry of "images" is not valid base64.'))
  }

  close (depth: number): void {
    if (depth === 1) this.isInImages = false
  }

  private isImages (depth: number): boolean {
    return depth === 1 && this.key === KEY
  }

  private isEntry (depth: number): boolean {
    return depth === 2 && this.isInImages
  }

  private add (upload: ImageFile): void {
    this.checkCount()
    this.uploads?.push(upload)
  }

  private checkCount (): void {
    if (this.uploads?.length === this.limits.maxImagesPerRequest) throw tooMany(this.limits.maxImagesPerRequest)
  }
}
