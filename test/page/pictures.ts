import sharp from 'sharp'
import { CAT } from '../support/cat.js'
import type { TestFile } from './browser.js'

export const TEXT: TestFile = { name: 'notes.txt', mimeType: 'text/plain', buffer: Buffer.from('no picture') }
export const CUT_OFF: TestFile = { name: 'cut off.jpg', mimeType: 'image/jpeg', buffer: CAT.subarray(0, CAT.length / 4) }
export const HEIC: TestFile = {
  name: 'IMG_2041.HEIC',
  // Chromium and Linux know no type for it.
  mimeType: '',
  buffer: Buffer.concat([Buffer.from([0, 0, 0, 24]), Buffer.from('ftypheic\0\0\0\0mif1heic'), Buffer.alloc(64)])
}

/** The photo in another format. */
export async function catAs (format: 'png' | 'tiff' | 'webp'): Promise<TestFile> {
  return { name: `cat.${format}`, mimeType: `image/${format}`, buffer: await sharp(CAT).toFormat(format).toBuffer() }
}
