import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import sharp, { type Sharp } from 'sharp'
import { decodingBytes } from '../../src/preprocess/footprint.js'
import { inspect } from '../../src/preprocess/pixels.js'
import { sampledPixelBytes } from '../../src/preprocess/sampling.js'
import { tempFolder } from '../support/temp-folder.js'
import { FILL } from './pictures.js'
import { tiff } from './tiff-files.js'

/* What decoding takes is measured in a process of its own, from which the peak of its memory is known. */

const DECODING_PROCESS = fileURLToPath(new URL('./decoding-process.js', import.meta.url))
const LIMITS = { maxImageBytes: 2 ** 30, maxImagePixels: 2 ** 30 }
const SIZE = { width: 2400, height: 2000 }
const PIXELS = SIZE.width * SIZE.height
const BACKGROUND = { r: 90, g: 60, b: 30, alpha: 0.5 }

const folder = tempFolder()

const flat = (width: number, height: number, channels: 3 | 4 = 3): Sharp => (
  sharp({ create: { width, height, channels, background: BACKGROUND } })
)
const large = (channels: 3 | 4 = 3): Sharp => flat(3600, 3000, channels)

/** Those that hold most beside their kind, flat so that they are small files. */
const PICTURES: Readonly<Record<string, () => Sharp>> = {
  'a JPEG': () => large().jpeg(),
  'a progressive JPEG': () => large().jpeg({ progressive: true, chromaSubsampling: '4:4:4' }),
  'a progressive JPEG in CMYK': () => large().toColourspace('cmyk').jpeg({ progressive: true, chromaSubsampling: '4:4:4' }),
  'a PNG of 16 bits with alpha': () => large(4).toColourspace('rgb16').png({ compressionLevel: 1 }),
  'an interlaced PNG of 16 bits with alpha': () => large(4).toColourspace('rgb16').png({ compressionLevel: 1, progressive: true }),
  'a wide PNG on its side': () => flat(36_000, 300, 4).toColourspace('rgb16').withMetadata({ orientation: 6 }).png({ compressionLevel: 1 }),
  'a WebP': () => large().webp({ effort: 0 }),
  // libvips unpacks more than 100 MB into a file unless it is told not to.
  'a WebP of 36 megapixels': () => flat(6000, 6000).webp({ effort: 0 }),
  'a lossless WebP with alpha': () => large(4).webp({ effort: 0, lossless: true }),
  'a GIF': () => large().gif({ effort: 1 }),
  'an AVIF': () => large().avif({ effort: 0 }),
  'an AVIF of 12 bits with alpha': () => flat(2000, 1500, 4).avif({ effort: 0, bitdepth: 12 }),
  'a TIFF': () => large().tiff({ compression: 'lzw' }),
  'a TIFF of one tile': () => flat(3072, 3072).tiff({ compression: 'deflate', tile: true, tileWidth: 3072, tileHeight: 3072 })
}

/** Those that are put in order before. */
const SAMPLES: Readonly<Record<string, () => Buffer>> = {
  'a TIFF with alpha and a spot colour': () => (
    tiff({ ...SIZE, samples: new Uint8Array(PIXELS * 5).fill(90), perPixel: 5, photometric: 2, extraSamples: [2, 0] })
  ),
  'a TIFF of floats with alpha': () => (
    tiff({ ...SIZE, samples: new Float32Array(PIXELS * 4).fill(0.5), perPixel: 4, photometric: 2, extraSamples: [2] })
  )
}

const withoutPeak = process.platform === 'linux' ? false : 'the peak of memory is read from /proc'

suite('decoding takes no more memory than the header lets expect, and no file', { skip: withoutPeak }, () => {
  const pictures = Object.entries(PICTURES).map(([name, picture]) => [name, async () => await picture().toBuffer()] as const)
  const samples = Object.entries(SAMPLES).map(([name, file]) => [name, async () => file()] as const)
  for (const [name, file] of [...pictures, ...samples]) {
    test(name, async () => {
      const upload = await file()
      const path = join(folder, name)
      writeFileSync(path, upload)
      const image = await inspect(upload, LIMITS)
      // With no place for a file that it could write.
      const env = { ...process.env, TMPDIR: join(folder, 'nowhere') }
      const taken = Number(execFileSync(process.execPath, [DECODING_PROCESS, path], { encoding: 'utf8', env }))
      const bound = decodingBytes(image)
      assert.ok(taken > 0 && taken <= bound, `${taken} bytes taken, ${bound} expected at most`)
    })
  }

  test('a JPEG of which pixels are sampled', async () => {
    const upload = await large().jpeg().toBuffer()
    const path = join(folder, 'sampled')
    writeFileSync(path, upload)
    const taken = Number(execFileSync(process.execPath, [DECODING_PROCESS, path, 'bilinear'], { encoding: 'utf8' }))
    const bound = decodingBytes(await inspect(upload, LIMITS), sampledPixelBytes({ ...FILL, kernel: 'bilinear' }))
    assert.ok(taken > 0 && taken <= bound, `${taken} bytes taken, ${bound} expected at most`)
  })
})
