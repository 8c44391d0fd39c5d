import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import sharp, { type JpegOptions } from 'sharp'
import { Random } from '../../../src/base/random.js'
import type { InputSpec } from '../../../src/model/input.js'
import { quickJpeg } from '../../../src/preprocess/jpeg/quick.js'
import { reduceJpeg } from '../../../src/preprocess/jpeg/reduce.js'
import { CROP, FILL, LIMITS, paint, toPixels, toSharp } from '../pictures.js'

/* libjpeg-turbo and resizing of this project's own have to give each byte that sharp gives, and to leave to sharp what they do not read. */

const TIMEOUT_MS = 60_000
const skip = reduceJpeg instanceof Error && `there is no libjpeg-turbo: ${reduceJpeg.message}`

const random = new Random(1)
const noise = (): number => random.below(256)

/** A JPEG of coarse structure and noise, in which every pixel counts. */
async function jpeg (width: number, height: number, options: JpegOptions = {}): Promise<Buffer> {
  const picture = paint(width, height, (x, y) => [(noise() >> 2) + (x % 7 < 3 ? 150 : 20), (noise() >> 1) + (y % 5 < 2 ? 90 : 0), noise()])
  return await toSharp(picture).jpeg({ quality: 90, ...options }).toBuffer()
}

async function quick (upload: Uint8Array, input: InputSpec = FILL): Promise<Uint8Array | undefined> {
  return await quickJpeg(upload, input, LIMITS, TIMEOUT_MS)?.convert()
}

/** What sharp makes of a whole picture. */
async function bySharp (upload: Uint8Array, { size, kernel }: InputSpec): Promise<Uint8Array> {
  const file = sharp(upload).resize({ width: size, height: size, fit: 'fill', kernel: kernel as 'linear', fastShrinkOnLoad: false })
  return new Uint8Array(await file.autoOrient().raw().toBuffer())
}

suite('plain JPEGs', { skip }, () => {
  const SIZES = [[48, 48], [75, 50], [120, 100], [191, 60], [192, 193], [300, 205], [401, 390], [770, 800], [1000, 780]] as const
  for (const [width, height] of SIZES) {
    for (const kernel of ['linear', 'cubic', 'lanczos3'] as const) {
      test(`${width} x ${height}, ${kernel}: each byte is sharp's`, async () => {
        const upload = await jpeg(width, height, { chromaSubsampling: kernel === 'linear' ? '4:2:0' : '4:4:4' })
        assert.deepEqual(await quick(upload, { ...FILL, kernel }), await bySharp(upload, { ...FILL, kernel }))
      })
    }
  }

  test('each byte of a crop is that of the same file without loss', async () => {
    const upload = await jpeg(120, 90, { chromaSubsampling: '4:4:4' })
    const lossless = await sharp(upload).png().toBuffer()
    assert.deepEqual(await quick(upload, CROP), await toPixels(lossless, CROP, LIMITS))
  })

  test('a grey input', async () => {
    const upload = await jpeg(100, 75)
    const grey = { ...FILL, channels: 1 } as const
    assert.deepEqual(await quick(upload, grey), await toPixels(await sharp(upload).png().toBuffer(), grey, LIMITS))
  })

  test('with a profile of sRGB, upright by Exif, with restarts, in one scan of another process', async () => {
    const plain = await jpeg(100, 75)
    for (const upload of [
      await sharp(plain).withIccProfile('srgb').jpeg().toBuffer(),
      await sharp(plain).withMetadata({ orientation: 1 }).jpeg().toBuffer(),
      await sharp(plain).withExif({ IFD0: { Make: 'somebody' } }).jpeg().toBuffer(),
      plain.map((byte, index) => index > 0 && plain[index - 1] === 0xff && byte === 0xc0 ? 0xc1 : byte)
    ]) {
      const pixels = await quick(upload)
      assert.ok(pixels)
      assert.deepEqual(pixels, await bySharp(await sharp(upload).keepMetadata().png().toBuffer(), FILL))
    }
  })
})

suite('JPEGs that are left to sharp', { skip }, () => {
  const OTHERS: Readonly<Record<string, () => Promise<Buffer>>> = {
    progressive: () => jpeg(100, 75, { progressive: true }),
    grey: async () => await sharp(await jpeg(100, 75)).toColourspace('b-w').jpeg().toBuffer(),
    CMYK: async () => await sharp(await jpeg(100, 75)).toColourspace('cmyk').jpeg().toBuffer(),
    turned: async () => await sharp(await jpeg(100, 75)).withMetadata({ orientation: 6 }).jpeg().toBuffer(),
    'another profile': async () => await sharp(await jpeg(100, 75)).withIccProfile('p3').jpeg().toBuffer(),
    'smaller than the input': () => jpeg(47, 75),
    'very long': () => jpeg(900, 60),
    'without an end': async () => (await jpeg(100, 75)).subarray(0, -2),
    'cut short': async () => (await jpeg(100, 75)).subarray(0, -900),
    'a header alone': async () => (await jpeg(100, 75)).subarray(0, 300),
    nothing: () => Promise.resolve(Buffer.of()),
    'another format': async () => await sharp(await jpeg(100, 75)).png().toBuffer()
  }
  for (const [name, make] of Object.entries(OTHERS)) {
    test(name, async () => { assert.equal(await quick(await make()), undefined) })
  }

  test('larger than is allowed', async () => {
    const upload = await jpeg(100, 75)
    assert.equal(quickJpeg(upload, FILL, { ...LIMITS, maxImageBytes: upload.length - 1 }, TIMEOUT_MS), undefined)
    assert.equal(quickJpeg(upload, FILL, { ...LIMITS, maxImagePixels: 7499 }, TIMEOUT_MS), undefined)
    await assert.rejects(toPixels(upload, FILL, { ...LIMITS, maxImagePixels: 7499 }), { code: 'image_too_many_pixels' })
  })

  test('no time', async () => {
    assert.equal(await quickJpeg(await jpeg(400, 300), FILL, LIMITS, 0)?.convert(), undefined)
  })

  test('damaged ones: what comes out is what sharp makes of them', async () => {
    const whole = await jpeg(100, 75)
    let read = 0
    for (let round = 0; round < 300; round++) {
      const damaged = Uint8Array.from(whole)
      for (let count = round % 3; count >= 0; count--) damaged[2 + Math.floor(random.uniform() ** 3 * (whole.length - 2))] = noise()
      const pixels = await quick(damaged)
      if (pixels === undefined) continue
      read++
      assert.deepEqual(pixels, await bySharp(damaged, FILL))
    }
    assert.ok(read > 10, `${read} were read`)
  })
})
