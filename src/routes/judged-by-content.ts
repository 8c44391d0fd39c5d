import type { Upload } from '../service/inference.js'
import { JsonImages } from './json-images.js'
import type { BodyReader, UploadLimits } from '../intake/limits.js'
import { RawImage } from './raw-image.js'

const LONGEST_BEGINNING = 64
/** Behind a byte order mark and blanks, whatever comes. */
const UNDECIDED = /^(?:\xef(?:\xbb(?:\xbf\s*)?)?|\s*)$/
const JSON_OBJECT = /^(?:\xef\xbb\xbf)?\s*\{/

/** JSON if it begins like an object, else an image: none begins so. */
export class JudgedByContent implements BodyReader {
  private reader: BodyReader | undefined
  private beginning: Buffer = Buffer.alloc(0)

  constructor (private readonly limits: UploadLimits, private readonly announcedBytes: number | undefined) {}

  get found (): number {
    return this.reader?.found ?? 0
  }

  push (chunk: Buffer): void {
    if (this.reader !== undefined) return this.reader.push(chunk)
    const beginning = this.beginning.length === 0 ? chunk : Buffer.concat([this.beginning, chunk])
    const text = beginning.toString('latin1', 0, LONGEST_BEGINNING)
    if (text.length < LONGEST_BEGINNING && UNDECIDED.test(text)) this.beginning = Buffer.from(beginning)
    else this.decide(beginning, JSON_OBJECT.test(text))
  }

  end (): Upload[] | Promise<Upload[]> {
    return (this.reader ?? this.decide(this.beginning, false)).end()
  }

  private decide (beginning: Buffer, isJson: boolean): BodyReader {
    this.reader = isJson ? new JsonImages(this.limits) : new RawImage(this.limits.maxImageBytes, this.announcedBytes)
    this.reader.push(beginning)
    this.beginning = Buffer.alloc(0)
    return this.reader
  }
}
