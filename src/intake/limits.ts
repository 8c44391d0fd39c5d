import type { Upload } from '../service/inference.js'

export interface UploadLimits {
  readonly maxImageBytes: number
  readonly maxImagesPerRequest: number
  readonly maxRequestBytes: number
}

/**
 * Makes of a body that arrives in pieces what a route answers, images in their order. Every method throws a ServiceError if the
 * body as a whole is refused.
 */
export interface BodyReader<T = Upload[]> {
  /** Images that are there as a whole, so far. */
  readonly found: number
  /** The piece is not kept. */
  push (chunk: Buffer): void
  end (): T | Promise<T>
}
