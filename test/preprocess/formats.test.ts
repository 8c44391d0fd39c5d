import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { suite, test } from 'node:test'
import sharp from 'sharp'

import { difference, FILL, gradient, LIMITS, patches, toAnimation, toSharp, toSharp16, toPixels } from './pictures.js'
import { tiff } from './tiff-files.js'

const PHOTOS = resolve('..', 'shared', 'images', 'imagenet')

/** A picture of the input's size, so that lossless formats must come out as they went in. */
const smooth = gradient(FILL.size, FILL.size)
const flat = patches(FILL.size, FILL.size)

const FILL_SIZE = { width: FILL.size, height: FILL.size }

/** Eight bits as sixteen. */
const twice = (values: Uint8Array): Uint16Array => Uint16Array.from(values, (value) => value * 257)

async function pixels (upload: Uint8Array): Promise<Uint8Array> {
  return toPixels(upload, FILL, LIMITS)
}

suite('lossless formats at the input\'s size, pixel for pixel', () => {
  const cases: Array<[name: string, upload: () => Promise<Buffer>]> = [
    ['PNG', () => toSharp(smooth).png().toBuffer()],
    ['PNG, interlaced', () => toSharp(smooth).png({ progressive: true }).toBuffer()],
    ['PNG, 16 bit', () => toSharp16(smooth).png().toBuffer()],
    ['PNG, opaque alpha', () => toSharp(smooth).ensureAlpha(1).png().toBuffer()],
    ['PNG, 16 bit, opaque alpha', () => toSharp16(smooth).ensureAlpha(1).png().toBuffer()],
    ['WebP', () => toSharp(smooth).webp({ lossless: true }).toBuffer()],
    ['WebP, opaque alpha', () => toSharp(smooth).ensureAlpha(1).webp({ lossless: true, exact: true }).toBuffer()],
    ['TIFF', () => toSharp(smooth).tiff({ compression: 'none' }).toBuffer()],
    ['TIFF, LZW with predictor', () => toSharp(smooth).tiff({ compression: 'lzw', predictor: 'horizontal' }).toBuffer()],
    ['TIFF, tiled', () => toSharp(smooth).tiff({ compression: 'deflate', tile: true, tileWidth: 32, tileHeight: 32 }).toBuffer()],
    ['TIFF, 16 bit', async () => tiff({ ...FILL_SIZE, samples: twice(smooth.rgb), perPixel: 3, photometric: 2 })],
    ['BigTIFF, 16 bit', async () => tiff({ ...FILL_SIZE, samples: twice(smooth.rgb), perPixel: 3, photometric: 2, bigTiff: true })]
  ]
  for (const [name, upload] of cases) {
    test(name, async () => assert.deepEqual(difference(await pixels(await upload()), smooth.rgb), { largest: 0, mean: 0 }))
  }

  test('PNG with a palette', async () => {
    const upload = await toSharp(flat).png({ palette: true, dither: 0 }).toBuffer()
    assert.equal((await sharp(upload).metadata()).isPalette, true)
    assert.equal(difference(await pixels(upload), flat.rgb).largest, 0)
  })

  test('GIF', async () => {
    assert.equal(difference(await pixels(await toSharp(flat).gif({ dither: 0 }).toBuffer()), flat.rgb).largest, 0)
  })
})

suite('lossy formats', () => {
  const cases: Array<[name: string, upload: () => Promise<Buffer>]> = [
    ['JPEG, baseline', () => toSharp(smooth).jpeg({ quality: 95 }).toBuffer()],
    ['JPEG, progressive', () => toSharp(smooth).jpeg({ quality: 95, progressive: true }).toBuffer()],
    ['WebP', () => toSharp(smooth).webp({ quality: 95 }).toBuffer()],
    ['AVIF', () => toSharp(smooth).avif({ quality: 90, effort: 0 }).toBuffer()],
    ['AVIF, 10 bit', () => toSharp(smooth).avif({ quality: 90, effort: 0, bitdepth: 10 }).toBuffer()],
    ['TIFF holding JPEG', () => toSharp(smooth).tiff({ compression: 'jpeg', quality: 95 }).toBuffer()]
  ]
  for (const [name, upload] of cases) {
    test(name, async () => {
      const { mean } = difference(await pixels(await upload()), smooth.rgb)
      assert.ok(mean < 3, `mean difference ${mean}`)
    })
  }
})

suite('animation: the first frame', () => {
  const frames = [flat, gradient(FILL.size, FILL.size), patches(FILL.size, FILL.size)]

  test('GIF', async () => {
    const upload = await toAnimation(frames).gif({ dither: 0 }).toBuffer()
    assert.equal((await sharp(upload).metadata()).pages, frames.length)
    const { mean } = difference(await pixels(upload), flat.rgb)
    assert.ok(mean < 3, `mean difference ${mean}`)
  })

  test('WebP', async () => {
    const upload = await toAnimation(frames).webp({ lossless: true }).toBuffer()
    assert.equal((await sharp(upload).metadata()).pages, frames.length)
    assert.equal(difference(await pixels(upload), flat.rgb).largest, 0)
  })
})

suite('the result', () => {
  for (const size of [8, 48, 299]) {
    test(`${size} pixels a side: an array of its own`, async () => {
      const upload = await toSharp(gradient(60, 40)).jpeg().toBuffer()
      const result = await toPixels(upload, { ...FILL, size }, LIMITS)
      assert.equal(result.length, size * size * 3)
      assert.equal(result.buffer.byteLength, result.length, 'nothing else shares the memory')
      assert.ok(!Buffer.isBuffer(result))
    })
  }
})

suite('real photos', { skip: existsSync(PHOTOS) ? false : '../shared/images/imagenet is absent' }, () => {
  test('every photo decodes', async () => {
    for (const name of readdirSync(PHOTOS)) {
      const upload = readFileSync(join(PHOTOS, name))
      const result = await toPixels(upload, { size: 299, channels: 3, fit: 'crop', cropFraction: 0.875, kernel: 'linear' }, LIMITS)
      assert.equal(result.length, 299 * 299 * 3, name)
      assert.ok(new Set(result).size > 50, `${name} is not flat`)
    }
  })
})
