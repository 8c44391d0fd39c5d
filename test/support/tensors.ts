import sharp from 'sharp'
import { inClassOrder, type Prediction } from './answers.js'

/** RGB bytes of a picture of so many pixels a side that holds any of them. */
export function anyPixels (side: number, seed = 1): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length: side * side * 3 }, (_, index) => (index * 7919 * seed + (index >> 4)) % 256)
}

/** As network input after a scaling to -1..1. */
export function rescaled (pixels: Uint8Array): Float32Array<ArrayBuffer> {
  return Float32Array.from(pixels, (pixel) => pixel / 127.5 - 1)
}

/** A flat tensor as nested lists. */
export function nested (values: ArrayLike<number>, shape: readonly number[]): unknown {
  const [size = 1, ...rest] = shape
  if (rest.length === 0) return Array.from(values)
  const length = values.length / size
  return Array.from({ length: size }, (_, index) => nested(Array.from(values).slice(index * length, (index + 1) * length), rest))
}

export async function pngOf (pixels: Uint8Array, side: number): Promise<Buffer> {
  return await sharp(pixels, { raw: { width: side, height: side, channels: 3 } }).png().toBuffer()
}

/** What POST /classify says of image files, an array of probabilities each. */
export async function classified (url: string, files: readonly Uint8Array[]): Promise<number[][]> {
  const form = new FormData()
  for (const file of files) form.append('image', new Blob([new Uint8Array(file)]))
  const response = await fetch(`${url}/classify?topK=10`, { method: 'POST', body: form })
  const { results } = await response.json() as { results: Array<{ predictions: Prediction[] }> }
  return results.map(({ predictions }) => inClassOrder(predictions))
}
