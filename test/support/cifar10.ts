import assert from 'node:assert/strict'
import { readLabelledPhotos } from './photos.js'
import { shared } from './shared.js'

const PER_REQUEST = 4

/** Share of the 2,000 CIFAR-10 test photos that a running server names rightly. */
export async function cifar10Accuracy (url: string): Promise<number> {
  const photos = readLabelledPhotos(shared('images/cifar10-test-2000.tar'))
  assert.equal(photos.length, 2000)
  let right = 0
  for (let start = 0; start < photos.length; start += PER_REQUEST) {
    const some = photos.slice(start, start + PER_REQUEST)
    const form = new FormData()
    for (const { file } of some) form.append('image', new Blob([file]), 'image')
    const response = await fetch(`${url}/classify?topK=1`, { method: 'POST', body: form })
    const { results } = await response.json() as { results: Array<{ predictions?: Array<{ label: string }> }> }
    right += results.filter((result, index) => result.predictions?.[0]?.label === some[index]?.label).length
  }
  return right / photos.length
}
