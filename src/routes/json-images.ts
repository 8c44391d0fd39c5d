import { noBase64, noEntry, noImageList, tooLarge, tooMany } from '../base/sentences.js'
import type { ImageFile } from '../service/inference.js'
import { Base64Decoder } from '../intake/base64.js'
import type { JsonListener } from '../intake/json/listener.js'
import { JsonScanner } from '../intake/json/scanner.js'
import { ShortText } from '../intake/json/short-text.js'
import type { BodyReader, UploadLimits } from '../intake/limits.js'

const KEY = 'images'

/** Reads {"images": ["<base64 or data URL>", ...]}; whatever else the object holds is skipped. */
export class JsonImages implements BodyReader, JsonListener {
  private readonly scanner = new JsonScanner(this)
  /** Undefined until there is such a list. */
  private uploads: ImageFile[] | undefined
  /** Name of the outermost object's member that is being read. */
  private readonly key = new ShortText(KEY.length)
  private isInImages = false
  private image: Base64Decoder | undefined

  constructor (private readonly limits: UploadLimits) {}

  get found (): number {
    return this.uploads?.length ?? 0
  }

  push (chunk: Buffer): void {
    this.scanner.push(chunk)
  }

  end (): ImageFile[] {
    this.scanner.end()
    if (this.uploads === undefined) throw noImageList()
    return this.uploads
  }

  open (kind: 'object' | 'array', depth: number): void {
    this.other(depth)
    if (kind === 'object' || !this.isImages(depth)) return
    // The last of two members with one name counts, as everywhere.
    this.uploads = []
    this.isInImages = true
  }

  close (depth: number): void {
    if (depth === 1) this.isInImages = false
  }

  literal (_value: boolean | null, depth: number): void {
    this.other(depth)
  }

  number (depth: number): boolean {
    this.other(depth)
    return false
  }

  numberValue (): void {}

  string (isKey: boolean, depth: number): boolean {
    if (isKey) {
      if (depth === 1) this.key.clear()
      return depth === 1
    }
    if (this.isImages(depth)) this.uploads = undefined
    if (!this.isEntry(depth)) return false
    this.checkCount()
    this.image = new Base64Decoder(this.limits.maxImageBytes)
    return true
  }

  text (bytes: Buffer, start: number, end: number): void {
    if (this.image === undefined) this.key.append(bytes, start, end)
    else this.image.push(bytes, start, end)
  }

  endOfText (): void {
    if (this.image === undefined) return
    const { image } = this
    this.image = undefined
    const bytes = image.finish()
    if (image.tooLarge) return this.add(tooLarge(this.limits.maxImageBytes))
    this.add(bytes ?? noBase64('An entry of "images"'))
  }

  /** A value that is no string. */
  private other (depth: number): void {
    if (this.isEntry(depth)) this.add(noEntry())
    if (this.isImages(depth)) this.uploads = undefined
  }

  private isImages (depth: number): boolean {
    return depth === 1 && this.key.is(KEY)
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
