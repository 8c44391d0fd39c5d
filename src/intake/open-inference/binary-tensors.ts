import { invalidTensor, tooLarge } from '../../base/sentences.js'
import type { Upload } from '../../service/inference.js'
import { imageLength, preparePixels, type CheckedInput, type PixelType } from '../../service/input-tensors.js'
import { Bytes } from '../bytes.js'
import type { BodyReader } from '../limits.js'
import type { TensorLimits } from '../tensors/tensor-data.js'

const LENGTH_BYTES = 4

/** Reads a tensor of so many bytes as they follow the JSON. Throws a ServiceError `invalid_tensor` if they do not fit. */
export function binaryReader (input: CheckedInput, bytes: number, limits: TensorLimits): BodyReader {
  return input.name === 'image' ? new BinaryFiles(input.images, limits) : new BinaryPixels(input.type, input.images, bytes, limits)
}

/** Numbers, little-endian as memory has them. */
class BinaryPixels implements BodyReader {
  private readonly images: Array<Uint8Array<ArrayBuffer>> = []
  private readonly imageBytes: number
  private image = new Uint8Array()
  private used = 0

  constructor (private readonly type: PixelType, images: number, bytes: number, limits: TensorLimits) {
    this.imageBytes = imageLength(limits) * (type === 'FP32' ? Float32Array.BYTES_PER_ELEMENT : 1)
    const expected = images * this.imageBytes
    if (bytes !== expected) throw invalidTensor(`"pixels" of this shape take ${expected} bytes, and the request has ${bytes}.`)
  }

  get found (): number {
    return this.images.length - (this.used < this.image.length ? 1 : 0)
  }

  push (chunk: Buffer): void {
    for (let start = 0; start < chunk.length;) {
      if (this.used === this.image.length) this.nextImage()
      const part = chunk.subarray(start, start + this.image.length - this.used)
      this.image.set(part, this.used)
      this.used += part.length
      start += part.length
    }
  }

  async end (): Promise<Upload[]> {
    if (this.type === 'UINT8') return this.images.map((pixels) => ({ pixels }))
    return await preparePixels(this.images.map(({ buffer }) => new Float32Array(buffer)), 'FP32')
  }

  private nextImage (): void {
    this.image = new Uint8Array(this.imageBytes)
    this.images.push(this.image)
    this.used = 0
  }
}

/** Files, each after its length, an unsigned 32-bit integer, little-endian. */
class BinaryFiles implements BodyReader {
  private readonly files: Uint8Array[] = []
  private readonly length = Buffer.alloc(LENGTH_BYTES)
  private lengthBytes = 0
  private file = new Bytes()

  constructor (private readonly images: number, private readonly limits: TensorLimits) {}

  get found (): number {
    return this.files.length
  }

  push (chunk: Buffer): void {
    for (let start = 0; start < chunk.length;) {
      start = this.lengthBytes < LENGTH_BYTES ? this.readLength(chunk, start) : this.readFile(chunk, start)
      if (this.lengthBytes === LENGTH_BYTES && this.missing === 0) this.endFile()
    }
  }

  end (): Upload[] {
    if (this.lengthBytes > 0 || this.files.length < this.images) throw invalidTensor('The binary data ends within a file.')
    return this.files
  }

  private get missing (): number {
    return this.length.readUInt32LE() - this.file.length
  }

  private readLength (chunk: Buffer, start: number): number {
    if (this.files.length === this.images) throw invalidTensor(`The binary data has more files than the shape's ${this.images}.`)
    const end = Math.min(chunk.length, start + LENGTH_BYTES - this.lengthBytes)
    this.lengthBytes += chunk.copy(this.length, this.lengthBytes, start, end)
    const { maxImageBytes } = this.limits
    if (this.lengthBytes === LENGTH_BYTES && this.missing > maxImageBytes) throw tooLarge(maxImageBytes)
    return end
  }

  private readFile (chunk: Buffer, start: number): number {
    const part = chunk.subarray(start, start + this.missing)
    this.file.append(part)
    return start + part.length
  }

  private endFile (): void {
    this.files.push(this.file.finish())
    this.file = new Bytes()
    this.lengthBytes = 0
  }
}
