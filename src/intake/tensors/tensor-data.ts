import type { ServiceError } from '../../base/errors.js'
import { invalidTensor, noBase64, tooLarge, tooMany } from '../../base/sentences.js'
import type { ByteClaim } from '../byte-budget.js'
import type { ImageFile } from '../../service/inference.js'
import { imageLength, type InputLimits } from '../../service/input-tensors.js'
import { Base64Decoder } from '../base64.js'
import type { JsonListener } from '../json/listener.js'
import { NestedShape } from './nested-shape.js'
import { PixelCollector } from './pixel-collector.js'

/** What reading one tensor of images is held to. */
export interface TensorLimits extends InputLimits {
  readonly maxImageBytes: number
  readonly claim: ByteClaim
}

/**
 * Reads a JSON value that is a tensor of images, nested or flat: numbers, which are pixels, or texts, which are files in base64
 * or data URLs. Throws a ServiceError `invalid_tensor` for anything else, and `too_many_images`.
 */
export class TensorData implements JsonListener {
  readonly files: ImageFile[] = []
  private readonly pixels: PixelCollector
  private readonly nested = new NestedShape()
  private kind: 'files' | 'pixels' | undefined
  private file: Base64Decoder | undefined

  constructor (private readonly limits: TensorLimits) {
    this.pixels = new PixelCollector(imageLength(limits), limits.maxImages, limits.claim)
  }

  /** As the lists are nested; a flat one has one dimension. */
  get shape (): readonly number[] {
    return this.nested.shape
  }

  /** The numbers, an array for each image, of which the last may not be full. */
  get images (): Array<Float32Array<ArrayBuffer>> {
    return this.pixels.images
  }

  /** Images that are there as a whole. */
  get found (): number {
    return this.kind === 'pixels' ? this.pixels.whole : this.files.length
  }

  /** Undefined if there is nothing. */
  get holds (): 'files' | 'pixels' | undefined {
    return this.kind
  }

  open (kind: 'object' | 'array', depth: number): void {
    if (kind === 'object') throw notAllowed()
    this.nested.open(depth)
  }

  close (depth: number): void {
    this.nested.close(depth)
  }

  literal (): void {
    throw notAllowed()
  }

  number (depth: number): boolean {
    if (this.kind !== 'pixels') this.become('pixels')
    this.nested.value(depth)
    return true
  }

  numberValue (value: number): void {
    this.pixels.add(value)
  }

  string (_isKey: boolean, depth: number): boolean {
    this.become('files')
    this.nested.value(depth)
    if (this.files.length === this.limits.maxImages) throw tooMany(this.limits.maxImages)
    this.file = new Base64Decoder(this.limits.maxImageBytes)
    return true
  }

  text (bytes: Buffer, start: number, end: number): void {
    this.file?.push(bytes, start, end)
  }

  endOfText (): void {
    if (this.file === undefined) return
    const { file } = this
    this.file = undefined
    const bytes = file.finish()
    if (file.tooLarge) this.files.push(tooLarge(this.limits.maxImageBytes))
    else this.files.push(bytes ?? noBase64('An image'))
  }

  private become (kind: 'files' | 'pixels'): void {
    this.kind ??= kind
    if (this.kind !== kind) throw notAllowed()
  }
}

function notAllowed (): ServiceError {
  return invalidTensor('A tensor holds either numbers or texts in base64, in lists.')
}
