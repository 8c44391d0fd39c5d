import { ServiceError } from '../base/errors.js'
import { emptyTensor, invalidTensor, tooMany } from '../base/sentences.js'
import { shortened } from '../base/float32.js'
import { Turns } from '../base/turns.js'
import type { Prepared } from './inference.js'
import type { LoadedModel } from './loaded-model.js'

/** How long the numbers of all requests hold the event loop before it does something else. */
const TURN_MS = 4
const turns = new Turns(TURN_MS)

/** What a number of `pixels` is: 0 to 255, or what the network reads after rescaling. */
export type PixelType = 'UINT8' | 'FP32'

/** What one tensor of images may be. */
export interface InputLimits {
  /** Height, width and channels of the network's input. */
  readonly imageShape: readonly [number, number, number]
  readonly maxImages: number
}

/** A tensor as a request describes it: `image` or `pixels`. */
export interface DescribedInput {
  readonly name: string
  readonly datatype: string
  readonly shape: readonly number[]
}

/** A described tensor that can be one of the model's inputs, of so many images. */
export type CheckedInput =
  | { readonly name: 'image', readonly images: number }
  | { readonly name: 'pixels', readonly type: PixelType, readonly images: number }

export function inputLimits ({ facts: { input } }: LoadedModel, maxImages: number): InputLimits {
  const { size, width = size.value, channels } = input
  return { imageShape: [size.value, width, channels], maxImages }
}

/** Numbers of one image. */
export function imageLength ({ imageShape: [height, width, channels] }: InputLimits): number {
  return height * width * channels
}

/**
 * `image` is BYTES [N] or [N, 1], image files; `pixels` is UINT8 or FP32 [N, height, width, channels]. Throws a ServiceError
 * `invalid_tensor`, `no_image` if N is 0, or `too_many_images`.
 */
export function checkInput ({ name, datatype, shape }: DescribedInput, { imageShape, maxImages }: InputLimits): CheckedInput {
  const [images = 0, ...rest] = shape
  const input = checkedKind(name, datatype, images)
  const wanted = input.name === 'pixels' ? imageShape : rest.length === 0 ? [] : [1]
  if (shape.length === 0 || rest.join() !== wanted.join()) {
    const allowed = input.name === 'pixels' ? `[N, ${imageShape.join(', ')}]` : '[N] or [N, 1]'
    throw invalidTensor(`The shape of "${name}" is ${allowed}, and the request says [${shape.join(', ')}].`)
  }
  if (images === 0) throw emptyTensor(name)
  if (images > maxImages) throw tooMany(maxImages)
  return input
}

function checkedKind (name: string, datatype: string, images: number): CheckedInput {
  if (name === 'image') {
    if (datatype !== 'BYTES') throw invalidTensor(`The datatype of "image" is BYTES, and the request says ${datatype}.`)
    return { name, images }
  }
  if (name !== 'pixels') throw invalidTensor(`The inputs are "image" and "pixels", of which a request sends one; there is no "${name}".`)
  if (datatype !== 'UINT8' && datatype !== 'FP32') {
    throw invalidTensor(`The datatype of "pixels" is UINT8 or FP32, and the request says ${datatype}.`)
  }
  return { name, type: datatype, images }
}

/**
 * Numbers of images, one array each, as uploads; takes them out of the array, so that each can be let go. Rejects with a
 * ServiceError `invalid_tensor` for what is no such number, with the image's index, and for what may be rescaled already with
 * `rescaledWith`: how the request would have said so.
 */
export async function preparePixels (
  images: Array<Float32Array<ArrayBuffer>>, type: PixelType, firstIndex = 0, rescaledWith = 'the datatype FP32'
): Promise<Prepared[]> {
  const uploads: Prepared[] = []
  await new Promise<void>((resolve, reject) => {
    turns.add(() => {
      const values = images.shift()
      if (values === undefined) {
        resolve()
        return false
      }
      const index = firstIndex + uploads.length
      const pixels = type === 'UINT8' ? toBytes(values, index, rescaledWith) : checkFinite(values, index)
      if (pixels instanceof ServiceError) {
        reject(pixels)
        return false
      }
      uploads.push({ pixels })
      return true
    })
  })
  return uploads
}

function toBytes (values: Float32Array, image: number, rescaledWith: string): Uint8Array<ArrayBuffer> | ServiceError {
  const bytes = new Uint8Array(values.length)
  for (let index = 0; index < values.length; index++) {
    const value = values[index] as number
    if (value !== (value & 0xff)) {
      const found = `UINT8 pixels are whole numbers from 0 to 255, and image ${image} has ${shortened(value)}`
      return invalidTensor(`${found}: numbers as the network reads them after rescaling are sent with ${rescaledWith}.`)
    }
    bytes[index] = value
  }
  return bytes
}

function checkFinite (values: Float32Array<ArrayBuffer>, image: number): Float32Array<ArrayBuffer> | ServiceError {
  for (let index = 0; index < values.length; index++) {
    if (!Number.isFinite(values[index])) return invalidTensor(`FP32 pixels are finite, and image ${image} has ${values[index]}.`)
  }
  return values
}

export function oneInput (): ServiceError {
  return invalidTensor('A request has one input, "image" or "pixels".')
}
