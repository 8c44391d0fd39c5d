import assert from 'node:assert/strict'
import sharp from 'sharp'

export interface Prediction { readonly label: string, readonly classId: number, readonly probability: number, readonly wordnetId?: string }
interface Reply { readonly results: ReadonlyArray<{ readonly predictions: readonly Prediction[] }> }

/** Uploads pictures of exactly the input's size, as RGB bytes, without loss and gives the predictions of each. */
export async function classifyPixels (url: string, pixels: Uint8Array, side: number): Promise<Array<readonly Prediction[]>> {
  const imageBytes = side * side * 3
  const form = new FormData()
  for (let start = 0; start < pixels.length; start += imageBytes) {
    const png = await sharp(
      pixels.subarray(start, start + imageBytes), { raw: { width: side, height: side, channels: 3 } }
    ).png().toBuffer()
    form.append('image', new Blob([new Uint8Array(png)]), 'image.png')
  }
  const description = await (await fetch(url)).json() as { model: { classes: number } }
  const response = await fetch(`${url}/classify?topK=${description.model.classes}`, { method: 'POST', body: form })
  assert.equal(response.status, 200)
  return ((await response.json()) as Reply).results.map(({ predictions }) => predictions)
}

/** Probabilities in the order of the network's outputs. */
export function inClassOrder (predictions: readonly Prediction[]): number[] {
  return [...predictions].sort((left, right) => left.classId - right.classId).map(({ probability }) => probability)
}
