import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import sharp from 'sharp'
import { Random } from '../../src/base/random.js'
import { wavyPicture } from './pictures.js'

export const COLOURS = ['blue', 'green', 'red']
export const COLOURED_SIDE = 32

/** A folder of PNG files for each colour, of waves by chance one channel of which is brighter: how much makes them easy to tell apart. */
export async function writeColouredPictures (root: string, each: number, brighter: number): Promise<void> {
  const side = COLOURED_SIDE
  const random = new Random(7)
  for (const [label, name] of COLOURS.entries()) {
    mkdirSync(join(root, name), { recursive: true })
    for (let index = 0; index < each; index++) {
      const pixels = wavyPicture(side, 3, random).map((value, at) => at % 3 === 2 - label ? Math.min(255, value + brighter) : value)
      await sharp(pixels, { raw: { width: side, height: side, channels: 3 } }).png().toFile(join(root, name, `${index}.png`))
    }
  }
}
