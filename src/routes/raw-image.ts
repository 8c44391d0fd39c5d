import { tooLarge } from '../base/sentences.js'
import type { ImageFile } from '../service/inference.js'
import { Bytes } from '../intake/bytes.js'
import type { BodyReader } from '../intake/limits.js'

/** One image that is the whole body. */
export class RawImage implements BodyReader<ImageFile[]> {
  found = 0
  private readonly bytes

  /** Whoever knows how many bytes will come says so. */
  constructor (private readonly maxBytes: number, announcedBytes?: number) {
    this.bytes = new Bytes(announcedBytes)
  }

  /** Throws a ServiceError `image_too_large`. */
  push (chunk: Buffer): void {
    if (this.bytes.length + chunk.length > this.maxBytes) throw tooLarge(this.maxBytes)
    this.bytes.append(chunk)
  }

  end (): ImageFile[] {
    if (this.bytes.length === 0) return []
    this.found = 1
    return [this.bytes.finish()]
  }
}
