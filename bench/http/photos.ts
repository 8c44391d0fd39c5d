import { readFile } from 'node:fs/promises'
import sharp from 'sharp'

const SOURCE = new URL('../../../docs/cat.jpg', import.meta.url)
const [WIDTH, HEIGHT] = [500, 375]
const COUNT = 16
const [LARGE_WIDTH, LARGE_HEIGHT] = [4000, 3000]
/** As a camera's sensor leaves it; without it an enlarged picture would hold too little to decode. */
const NOISE = { type: 'gaussian', mean: 128, sigma: 40 } as const
const JPEG = { quality: 85 }

/** JPEG photos of the usual size, each another cut of the same picture. */
export async function makePhotos (): Promise<readonly Buffer[]> {
  const source = await readFile(SOURCE)
  const { width, height } = await sharp(source).metadata()
  const scale = 0.8 * Math.min(width / WIDTH, height / HEIGHT)
  const cut = { width: Math.floor(WIDTH * scale), height: Math.floor(HEIGHT * scale) }
  return await Promise.all(Array.from({ length: COUNT }, async (_, index) => {
    const left = Math.floor((width - cut.width) * index / COUNT)
    const top = Math.floor((height - cut.height) * index / COUNT)
    return await sharp(source).extract({ left, top, ...cut }).resize(WIDTH, HEIGHT).jpeg(JPEG).toBuffer()
  }))
}

/** A JPEG photo of 12 megapixels. */
export async function makeLargePhoto (): Promise<Buffer> {
  const size = { width: LARGE_WIDTH, height: LARGE_HEIGHT }
  const noise = sharp({ create: { ...size, channels: 3, background: 'grey', noise: NOISE } })
  const { data, info } = await noise.raw().toBuffer({ resolveWithObject: true })
  const picture = sharp(await readFile(SOURCE)).resize(LARGE_WIDTH, LARGE_HEIGHT)
  return await picture.composite([{ input: data, raw: { ...size, channels: info.channels }, blend: 'soft-light' }]).jpeg(JPEG).toBuffer()
}
