import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { shared } from './shared.js'

interface Photo { readonly label: string, readonly file: Buffer }

const TAR_BLOCK = 512
const PER_REQUEST = 4

/** Share of the 2,000 CIFAR-10 test photos that a running server names rightly. */
export async function cifar10Accuracy (url: string): Promise<number> {
  const photos = readPhotos(readFileSync(shared('images/cifar10-test-2000.tar')))
  assert.equal(photos.length, 2000)
  let right = 0
  for (let start = 0; start < photos.length; start += PER_REQUEST) {
    const some = photos.slice(start, start + PER_REQUEST)
    const form = new FormData()
    for (const { file } of some) form.append('image', new Blob([new Uint8Array(file)]), 'image')
    const response = await fetch(`${url}/classify?topK=1`, { method: 'POST', body: form })
    const { results } = await response.json() as { results: Array<{ predictions?: Array<{ label: string }> }> }
    right += results.filter((result, index) => result.predictions?.[0]?.label === some[index]?.label).length
  }
  return right / photos.length
}

/** The files of a tar archive whose folders are labels. */
function readPhotos (archive: Buffer): Photo[] {
  const photos: Photo[] = []
  for (let offset = 0; offset < archive.length;) {
    const name = archive.toString('latin1', offset, offset + 100).replace(/\0.*$/s, '')
    const size = Number.parseInt(archive.toString('latin1', offset + 124, offset + 136), 8) || 0
    const label = /([a-z]+)\/[^/]+\.\w+$/.exec(name)?.[1]
    if (label !== undefined && size > 0) photos.push({ label, file: archive.subarray(offset + TAR_BLOCK, offset + TAR_BLOCK + size) })
    offset += TAR_BLOCK + Math.ceil(size / TAR_BLOCK) * TAR_BLOCK
  }
  return photos
}
