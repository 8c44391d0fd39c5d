import { fileURLToPath } from 'node:url'
import sharp from 'sharp'

const SOURCE = fileURLToPath(new URL('../../docs/cat.jpg', import.meta.url))
const [WIDTH, HEIGHT] = [500, 375]
const COUNT = 16

/** JPEG photos of the usual size, each another cut of the same picture. */
export async function makePhotos (): Promise<readonly Buffer[]> {
  const { width, height } = await sharp(SOURCE).metadata()
  const scale = 0.8 * Math.min(width / WIDTH, height / HEIGHT)
  const cut = { width: Math.floor(WIDTH * scale), height: Math.floor(HEIGHT * scale) }
  return await Promise.all(Array.from({ length: COUNT }, async (_, index) => {
    const left = Math.floor((width - cut.width) * index / COUNT)
    const top = Math.floor((height - cut.height) * index / COUNT)
    return await sharp(SOURCE).extract({ left, top, ...cut }).resize(WIDTH, HEIGHT).jpeg({ quality: 85 }).toBuffer()
  }))
}
