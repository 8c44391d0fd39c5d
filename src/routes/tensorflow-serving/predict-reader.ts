import type { ServiceError } from '../../base/errors.js'
import { invalidTensor, noImages, tooMany } from '../../base/sentences.js'
import type { Upload } from '../../service/inference.js'
import { preparePixels, type PixelType } from '../../service/input-tensors.js'
import { JsonOutline } from '../../intake/json/outline.js'
import { JsonScanner } from '../../intake/json/scanner.js'
import type { BodyReader } from '../../intake/limits.js'
import { TensorData, type TensorLimits } from '../../intake/tensors/tensor-data.js'
import { noList, predictRequest, type NamedImage, type PredictFormat } from './request.js'
import { pixelTypeOf } from './signatures.js'

/** A request in rows or columns and its images. */
export interface ReadPredict {
  readonly format: PredictFormat
  readonly uploads: Upload[]
}

/** Reads a predict request: each image's numbers or base64 by themselves, whichever names and lists lead to them. */
export class PredictReader implements BodyReader<ReadPredict> {
  private readonly outline: JsonOutline
  private readonly scanner: JsonScanner
  private readonly all: TensorData[] = []

  constructor (private readonly limits: TensorLimits) {
    const ofOneImage = { ...limits, maxImages: 1 }
    this.outline = new JsonOutline((path, kind) => {
      if (kind === 'object' || !this.leadsToImage(path, kind)) return undefined
      const data = new TensorData(ofOneImage)
      this.all.push(data)
      return data
    })
    this.scanner = new JsonScanner(this.outline)
  }

  get found (): number {
    return this.all.reduce((sum, data) => sum + data.found, 0)
  }

  push (chunk: Buffer): void {
    this.scanner.push(chunk)
  }

  async end (): Promise<ReadPredict> {
    this.scanner.end()
    const { format, signature, images } = predictRequest(this.outline.value)
    const type = pixelTypeOf(signature)
    if (images.length === 0) throw noImages()
    const uploads: Upload[] = []
    for (const [index, image] of images.entries()) uploads.push(await this.uploadOf(image, index, type))
    return { format, uploads }
  }

  /** Whether a value is an image, or a list that holds one alone, or stands where a list of them belongs. */
  private leadsToImage (path: ReadonlyArray<string | number>, kind: 'array' | 'scalar'): boolean {
    const [member, next] = path
    if (member !== 'instances' && member !== 'inputs') return false
    if (member === 'instances' && typeof next === 'string') throw noList(member)
    const index = path.find((step) => typeof step === 'number')
    if (index === undefined) return kind === 'scalar'
    if (index >= this.limits.maxImages) throw this.outOfPlace()
    return true
  }

  /** Rows of one image that is in no list are not many images. */
  private outOfPlace (): ServiceError {
    const [first] = this.all
    const isRow = first?.holds === 'pixels' && first.shape.length < this.limits.imageShape.length
    return isRow ? this.noImage(0) : tooMany(this.limits.maxImages)
  }

  private noImage (index: number): ServiceError {
    const forms = `{"b64": ...} as "image", or lists of the shape [${this.limits.imageShape.join(', ')}] as "pixels"`
    return invalidTensor(`Instance ${index} is not ${forms}.`)
  }

  private async uploadOf ({ name, data }: NamedImage, index: number, type: PixelType): Promise<Upload> {
    const { holds, files: [file], images, shape } = data
    const isFile = holds === 'files' && shape.length === 0
    if (file !== undefined && isFile && name !== 'pixels') return file
    const expected = this.limits.imageShape.join()
    if (holds !== 'pixels' || shape.join() !== expected || name === 'image') throw this.noImage(index)
    const [pixels] = await preparePixels(images, type, index, '"signature_name": "rescaled"')
    if (pixels === undefined) throw invalidTensor(`Instance ${index} has no pixels.`)
    return pixels
  }
}
