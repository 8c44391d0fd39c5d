import { ServiceError } from '../../base/errors.js'
import type { Upload } from '../../service/inference.js'
import { invalidTensor, preparePixels, type PixelType } from '../../service/input-tensors.js'
import { JsonOutline } from '../json/outline.js'
import { JsonScanner } from '../json/scanner.js'
import { tooMany, type BodyReader } from '../limits.js'
import { TensorData, type TensorLimits } from '../tensors/tensor-data.js'
import { predictRequest, type NamedImage, type PredictFormat } from './request.js'
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
      if (!this.leadsToImage(path)) return undefined
      if (kind === 'object') return undefined
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
    if (images.length === 0) throw new ServiceError('no_image', 'The request holds no image.')
    const uploads: Upload[] = []
    for (const [index, image] of images.entries()) uploads.push(await this.uploadOf(image, index, type))
    return { format, uploads }
  }

  /** Whether a value is an image, or a list or object that holds one alone. */
  private leadsToImage (path: ReadonlyArray<string | number>): boolean {
    const [member] = path
    if (member !== 'instances' && member !== 'inputs') return false
    const index = path.findIndex((step) => typeof step === 'number')
    if (index < 0) return false
    if (Number(path[index]) >= this.limits.maxImages) throw tooMany(this.limits.maxImages)
    return true
  }

  private async uploadOf ({ name, data }: NamedImage, index: number, type: PixelType): Promise<Upload> {
    const { holds, files: [file], images, shape } = data
    const isFile = holds === 'files' && shape.length === 0
    if (file !== undefined && isFile && name !== 'pixels') return file
    const expected = this.limits.imageShape.join()
    if (holds !== 'pixels' || shape.join() !== expected || name === 'image') {
      const forms = `{"b64": ...} as "image", or lists of the shape [${this.limits.imageShape.join(', ')}] as "pixels"`
      throw invalidTensor(`Instance ${index} is not ${forms}.`)
    }
    const [pixels] = await preparePixels(images, type, index, '"signature_name": "rescaled"')
    if (pixels === undefined) throw invalidTensor(`Instance ${index} has no pixels.`)
    return pixels
  }
}
