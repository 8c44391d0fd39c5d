import { readFileSync } from 'node:fs'

export interface LabelledPhoto { readonly label: string, readonly name: string, readonly file: Uint8Array<ArrayBuffer> }

const TAR_BLOCK = 512

/** The files of a tar archive whose folders are labels, in the archive's order. */
export function readLabelledPhotos (path: string): LabelledPhoto[] {
  const archive = readFileSync(path)
  const photos: LabelledPhoto[] = []
  for (let offset = 0; offset < archive.length;) {
    const name = archive.toString('latin1', offset, offset + 100).replace(/\0.*$/s, '')
    const size = Number.parseInt(archive.toString('latin1', offset + 124, offset + 136), 8) || 0
    const label = /([a-z-]+)\/[^/]+\.\w+$/.exec(name)?.[1]
    if (label !== undefined && size > 0) {
      photos.push({ label, name, file: new Uint8Array(archive.subarray(offset + TAR_BLOCK, offset + TAR_BLOCK + size)) })
    }
    offset += TAR_BLOCK + Math.ceil(size / TAR_BLOCK) * TAR_BLOCK
  }
  return photos
}
