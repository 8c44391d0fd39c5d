import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { createHash } from 'node:crypto'
import sharp from 'sharp'
import { ServiceError } from '../../../src/base/errors.js'
import { openDataset, type Dataset, type DatasetOptions } from '../../../src/train/data/index.js'

/** A flat picture of 8 x 8 pixels, a colour for each number. */
export async function flat (number: number, format: 'png' | 'webp' = 'png'): Promise<Buffer> {
  const background = { r: number % 256, g: (number * 7) % 256, b: Math.floor(number / 256) }
  const picture = sharp({ create: { width: 8, height: 8, channels: 3, background } })
  return await (format === 'png' ? picture.png() : picture.webp({ lossless: true })).toBuffer()
}

/** Writes files by their paths below a folder, in the order given. */
export async function writeTree (folder: string, files: Readonly<Record<string, string | Uint8Array>>): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), content)
  }
}

const SHOWS_NOTHING = new ServiceError('undecodable_image', 'It shows nothing.')

/** What a picture shows, without the service's decoder. */
async function fingerprint (file: Uint8Array): Promise<string> {
  const pixels = await sharp(file).raw().toBuffer().catch(() => { throw SHOWS_NOTHING })
  return createHash('sha256').update(pixels).digest('hex')
}

export async function open (path: string, spoolFolder: string, options: Partial<DatasetOptions> = {}): Promise<Dataset> {
  return await openDataset(path, {
    fingerprint, concurrency: 4, maxImageBytes: 10_000, spoolFolder, shares: { validation: 0.1, test: 0.2 }, seed: 1, ...options
  })
}
