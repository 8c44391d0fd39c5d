import { readFile } from 'node:fs/promises'
import sharp, { type Sharp } from 'sharp'
import { Draw } from './draw.js'

/** A real file of a format that is taken. */
export interface Sample {
  readonly format: string
  readonly type: string
  readonly bytes: Buffer
}

const CAT = new URL('../../../docs/cat.jpg', import.meta.url)
const SIDE = 24
const FRAMES = 3

/** Small files of every format, in the forms that readers treat differently, and a photo. The same every time. */
export async function makeCorpus (): Promise<readonly Sample[]> {
  const photo = await readFile(CAT)
  const small = (): Sharp => sharp(photo).resize(SIDE, SIDE)
  const grey = (): Sharp => small().greyscale()
  const clear = (): Sharp => small().ensureAlpha(0.5)
  const made: ReadonlyArray<readonly [string, string, Sharp]> = [
    ['JPEG', 'image/jpeg', small().jpeg()],
    ['JPEG', 'image/jpeg', small().jpeg({ progressive: true }).withMetadata({ orientation: 6 })],
    ['JPEG', 'image/jpeg', grey().jpeg()],
    ['JPEG', 'image/jpeg', small().toColourspace('cmyk').jpeg()],
    ['PNG', 'image/png', small().png()],
    ['PNG', 'image/png', clear().png({ progressive: true })],
    ['PNG', 'image/png', small().png({ palette: true })],
    ['PNG', 'image/png', small().toColourspace('rgb16').png()],
    ['WebP', 'image/webp', small().webp()],
    ['WebP', 'image/webp', clear().webp({ lossless: true })],
    ['WebP', 'image/webp', animation().webp()],
    ['GIF', 'image/gif', small().gif()],
    ['GIF', 'image/gif', animation().gif()],
    ['AVIF', 'image/avif', small().avif({ effort: 0 })],
    ['TIFF', 'image/tiff', small().tiff({ compression: 'lzw' })],
    ['TIFF', 'image/tiff', small().tiff({ compression: 'jpeg', tile: true, tileWidth: 16, tileHeight: 16 })],
    ['TIFF', 'image/tiff', grey().tiff({ compression: 'deflate', predictor: 'horizontal' })]
  ]
  const files = await Promise.all(made.map(async ([format, type, picture]) => ({ format, type, bytes: await picture.toBuffer() })))
  return [{ format: 'JPEG', type: 'image/jpeg', bytes: photo }, ...files]
}

function animation (): Sharp {
  const pixels = new Draw(1).bytes(SIDE * SIDE * FRAMES * 3)
  return sharp(pixels, { raw: { width: SIDE, height: SIDE * FRAMES, channels: 3, pageHeight: SIDE } })
}
