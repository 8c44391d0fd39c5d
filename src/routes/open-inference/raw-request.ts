import { noRawImage } from '../../base/sentences.js'
import { PROBABILITIES } from '../../service/tensors.js'
import type { BodyReader } from '../../intake/limits.js'
import { RawImage } from '../raw-image.js'
import type { ReadRequest } from './infer-reader.js'

/**
 * Reads a raw binary request of Triton's extension: a body without JSON, whose bytes are the one element of the one input that
 * they can be, `image`. The reply is binary.
 */
export class RawRequestReader implements BodyReader<ReadRequest> {
  private readonly image

  constructor (maxImageBytes: number) {
    this.image = new RawImage(maxImageBytes)
  }

  get found (): number {
    return this.image.found
  }

  push (chunk: Buffer): void {
    this.image.push(chunk)
  }

  /** Throws a ServiceError `no_image` for an empty body. */
  end (): ReadRequest {
    const uploads = this.image.end()
    if (uploads.length === 0) throw noRawImage()
    return { request: { id: undefined, outputs: [{ name: PROBABILITIES, isBinary: true }] }, uploads }
  }
}
