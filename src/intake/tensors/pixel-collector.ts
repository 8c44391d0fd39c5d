import { tooMany } from '../../base/sentences.js'
import type { ByteClaim } from '../byte-budget.js'

/** Collects numbers in an array for each image, which is taken out of the budget when its first number comes. */
export class PixelCollector {
  readonly images: Array<Float32Array<ArrayBuffer>> = []
  private image = new Float32Array()
  private used = 0

  constructor (private readonly imageLength: number, private readonly maxImages: number, private readonly claim: ByteClaim) {}

  /** Images that are full. */
  get whole (): number {
    return this.images.length - (this.used < this.image.length ? 1 : 0)
  }

  /** Throws a ServiceError `too_many_images`, or `overloaded` if the budget has no more. */
  add (value: number): void {
    if (this.used === this.image.length) this.nextImage()
    this.image[this.used++] = value
  }

  private nextImage (): void {
    if (this.images.length === this.maxImages) throw tooMany(this.maxImages)
    this.claim.hold(this.imageLength * Float32Array.BYTES_PER_ELEMENT)
    this.image = new Float32Array(this.imageLength)
    this.images.push(this.image)
    this.used = 0
  }
}
