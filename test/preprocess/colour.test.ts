import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import sharp, { type Sharp } from 'sharp'

import { builtInProfile, difference, FILL, gradient, LIMITS, paint, toSharp, toSharp16, withProfile, toPixels } from './pictures.js'

const picture = gradient(FILL.size, FILL.size)

async function pixels (upload: Uint8Array): Promise<Uint8Array> {
  return toPixels(upload, FILL, LIMITS)
}

suite('profiles', () => {
  test('an sRGB profile changes no pixel', async () => {
    const upload = withProfile(await toSharp(picture).png().toBuffer(), await builtInProfile('srgb'))
    assert.equal((await sharp(upload).metadata()).hasProfile, true)
    assert.equal(difference(await pixels(upload), picture.rgb).largest, 0)
  })

  test('Display P3 becomes sRGB', async () => {
    const upload = await toSharp(picture).withIccProfile('p3').png().toBuffer()
    const stored = await sharp(upload, { ignoreIcc: true }).raw().toBuffer()
    assert.ok(difference(stored, picture.rgb).largest > 8, 'the stored numbers are not sRGB')
    assert.ok(difference(await pixels(upload), picture.rgb).largest <= 2)
  })

  for (const profile of ['srgb', 'p3'] as const) {
    test(`16 bit with the ${profile} profile, as with 8 bit`, async () => {
      const icc = await builtInProfile(profile)
      const bits8 = await pixels(withProfile(await toSharp(picture).png().toBuffer(), icc))
      const bits16 = await pixels(withProfile(await toSharp16(picture).png().toBuffer(), icc))
      assert.ok(difference(bits16, bits8).largest <= 1)
    })
  }

  test('JPEG with a profile', async () => {
    const upload = await toSharp(picture).withIccProfile('p3').jpeg({ quality: 100, chromaSubsampling: '4:4:4' }).toBuffer()
    assert.ok(difference(await pixels(upload), picture.rgb).largest <= 6)
  })

  test('a damaged profile is ignored', async () => {
    const icc = await builtInProfile('p3')
    const png = await toSharp(picture).png().toBuffer()
    for (const damaged of [icc.subarray(0, 200), Buffer.alloc(128), Buffer.concat([icc.subarray(0, 132), Buffer.alloc(300, 0xff)])]) {
      assert.equal(difference(await pixels(withProfile(png, damaged)), picture.rgb).largest, 0)
    }
  })

  test('a profile called sRGB with other primaries is not sRGB', async () => {
    const icc = await builtInProfile('p3')
    const renamed = Buffer.from(icc)
    // The description is UTF-16: two letters at a time.
    const name = Buffer.from('\0P\x003', 'latin1')
    for (let at = renamed.indexOf(name); at >= 0; at = renamed.indexOf(name)) renamed.write('\0s\0R', at, 'latin1')
    const png = await toSharp(picture).png().toBuffer()
    assert.deepEqual(await pixels(withProfile(png, renamed)), await pixels(withProfile(png, icc)))
  })
})

suite('other colour spaces', () => {
  test('CMYK', async () => {
    const upload = await toSharp(picture).toColourspace('cmyk').jpeg({ quality: 95 }).toBuffer()
    assert.equal((await sharp(upload).metadata()).space, 'cmyk')
    const { mean } = difference(await pixels(upload), picture.rgb)
    assert.ok(mean < 12, `mean difference ${mean}`)
  })

  const ramp = paint(FILL.size, FILL.size, (x, y) => {
    const value = (x + y * FILL.size) % 256
    return [value, value, value]
  })
  const values = ramp.rgb.filter((_, index) => index % 3 === 0)
  const raw = { width: FILL.size, height: FILL.size }
  const values16 = (): Uint16Array => Uint16Array.from(values, value => value * 257)

  const grey = (): Sharp => sharp(values, { raw: { ...raw, channels: 1 } })
  const greys: Array<[name: string, upload: () => Promise<Buffer>, space: string]> = [
    ['grey', () => grey().toColourspace('b-w').png().toBuffer(), 'b-w'],
    ['grey, 16 bit', () => sharp(values16(), { raw: { ...raw, channels: 1 } }).toColourspace('grey16').png().toBuffer(), 'grey16'],
    ['grey with opaque alpha', () => grey().ensureAlpha(1).toColourspace('b-w').png().toBuffer(), 'b-w'],
    ['grey TIFF', () => grey().toColourspace('b-w').tiff({ compression: 'lzw' }).toBuffer(), 'b-w']
  ]
  for (const [name, upload, space] of greys) {
    test(`${name}: three equal channels`, async () => {
      const file = await upload()
      assert.equal((await sharp(file).metadata()).space, space)
      assert.equal(difference(await pixels(file), ramp.rgb).largest, 0)
    })
  }

  test('grey JPEG', async () => {
    const upload = await toSharp(picture).toColourspace('b-w').jpeg().toBuffer()
    const result = await pixels(upload)
    for (let offset = 0; offset < result.length; offset += 3) {
      assert.ok(result[offset] === result[offset + 1] && result[offset] === result[offset + 2])
    }
  })
})

suite('transparency over white', () => {
  /** Red, its alpha rising from left to right. */
  const alphaOf = (x: number): number => Math.round(255 * x / (FILL.size - 1))
  const rgba = Buffer.from(Array.from({ length: FILL.size ** 2 }, (_, index) => [200, 0, 0, alphaOf(index % FILL.size)]).flat())
  const expected = paint(FILL.size, FILL.size, x => {
    const over = (value: number): number => Math.round((value * alphaOf(x) + 255 * (255 - alphaOf(x))) / 255)
    return [over(200), over(0), over(0)]
  })
  const image = (): Sharp => sharp(rgba, { raw: { width: FILL.size, height: FILL.size, channels: 4 } })

  test('PNG', async () => {
    assert.ok(difference(await pixels(await image().png().toBuffer()), expected.rgb).largest <= 1)
  })

  test('PNG, 16 bit', async () => {
    assert.ok(difference(await pixels(await image().toColourspace('rgb16').png().toBuffer()), expected.rgb).largest <= 1)
  })

  test('WebP', async () => {
    assert.ok(difference(await pixels(await image().webp({ lossless: true, exact: true }).toBuffer()), expected.rgb).largest <= 1)
  })

  test('a fully transparent GIF is white', async () => {
    const clear = sharp({ create: { width: 20, height: 20, channels: 4, background: { r: 9, g: 9, b: 9, alpha: 0 } } })
    const result = await pixels(await clear.gif().toBuffer())
    assert.deepEqual(new Set(result), new Set([255]))
  })

  test('hidden colours do not bleed into resized edges', async () => {
    const hidden = Buffer.from(Array.from({ length: 96 * 96 }, (_, index) => index % 96 < 45 ? [0, 0, 0, 0] : [255, 255, 255, 255]).flat())
    const upload = await sharp(hidden, { raw: { width: 96, height: 96, channels: 4 } }).png().toBuffer()
    assert.deepEqual(new Set(await pixels(upload)), new Set([255]))
  })
})
