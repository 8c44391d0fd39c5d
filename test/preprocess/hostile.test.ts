import assert from 'node:assert/strict'
import { suite, test } from 'node:test'

import { ServiceError, type ErrorCode } from '../../src/base/errors.js'
import { Random } from '../../src/base/random.js'
import { CROP, FILL, gradient, LIMITS, patches, pngChunk, toAnimation, toSharp, toPixels } from './pictures.js'

const REFUSALS: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'image_too_large', 'image_too_many_pixels', 'unsupported_image_format', 'heic_not_supported', 'undecodable_image', 'no_image'
])

const SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9"/></svg>'

const small = gradient(60, 40)
const FILES: Readonly<Record<string, () => Promise<Buffer>>> = {
  jpeg: () => toSharp(small).jpeg().toBuffer(),
  'progressive jpeg': () => toSharp(small).jpeg({ progressive: true }).toBuffer(),
  png: () => toSharp(small).png().toBuffer(),
  webp: () => toSharp(small).webp().toBuffer(),
  'animated webp': () => toAnimation([small, patches(60, 40)]).webp().toBuffer(),
  gif: () => toAnimation([small, patches(60, 40)]).gif().toBuffer(),
  avif: () => toSharp(small).avif({ effort: 0 }).toBuffer(),
  tiff: () => toSharp(small).tiff({ compression: 'lzw' }).toBuffer()
}

/** A picture, or one of the errors meant for the client; anything else fails the test. */
async function outcome (upload: Uint8Array): Promise<ErrorCode | 'pixels'> {
  try {
    const result = await toPixels(upload, FILL, { maxImageBytes: 100_000, maxImagePixels: 100_000 })
    assert.equal(result.length, FILL.size ** 2 * 3)
    return 'pixels'
  } catch (error) {
    if (!(error instanceof ServiceError) || !REFUSALS.has(error.code)) throw error
    return error.code
  }
}

function pngOfSize (width: number, height: number): Buffer {
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  header.set([8, 2], 8)
  const chunks = [pngChunk('IHDR', header), pngChunk('IDAT', Buffer.alloc(0)), pngChunk('IEND', Buffer.alloc(0))]
  return Buffer.concat([Buffer.from('89504e470d0a1a0a', 'hex'), ...chunks])
}

suite('limits', () => {
  test('bytes, before anything else is looked at', async () => {
    const upload = Buffer.alloc(101)
    await assert.rejects(toPixels(upload, FILL, { ...LIMITS, maxImageBytes: 100 }), { code: 'image_too_large', message: /101 bytes.*100/ })
  })

  test('bytes: the limit itself is accepted', async () => {
    const upload = await toSharp(small).png().toBuffer()
    await toPixels(upload, FILL, { ...LIMITS, maxImageBytes: upload.length })
    await assert.rejects(toPixels(upload, FILL, { ...LIMITS, maxImageBytes: upload.length - 1 }), { code: 'image_too_large' })
  })

  for (const [name, file] of Object.entries(FILES)) {
    test(`pixels of ${name}: the limit itself is accepted`, async () => {
      const upload = await file()
      await toPixels(upload, CROP, { ...LIMITS, maxImagePixels: 2400 })
      const limits = { ...LIMITS, maxImagePixels: 2399 }
      await assert.rejects(toPixels(upload, CROP, limits), { code: 'image_too_many_pixels', message: /60 x 40 pixels.*2399/ })
    })
  }

  test('pixels by the header alone: this file has none', async () => {
    await assert.rejects(toPixels(pngOfSize(60_000, 60_000), FILL, LIMITS), { code: 'image_too_many_pixels', message: /60000 x 60000/ })
    await assert.rejects(toPixels(pngOfSize(60, 60), FILL, LIMITS), { code: 'undecodable_image' })
  })

  test('an AVIF that holds more pixels than its header says', async () => {
    const upload = await toSharp(gradient(800, 600)).avif({ effort: 0 }).toBuffer()
    const size = upload.indexOf('ispe') + 8
    upload.writeUInt32BE(64, size)
    upload.writeUInt32BE(64, size + 4)
    await assert.rejects(toPixels(upload, FILL, LIMITS), { code: 'undecodable_image' })
  })
})

suite('uploads that are no image', () => {
  const uploads: Array<[name: string, bytes: Buffer, code: ErrorCode]> = [
    ['nothing', Buffer.alloc(0), 'no_image'],
    ['text', Buffer.from('not an image'), 'unsupported_image_format'],
    ['SVG', Buffer.from(SVG), 'unsupported_image_format'],
    ['PDF', Buffer.from('%PDF-1.4\n'), 'unsupported_image_format'],
    ['HEIC', Buffer.from('\0\0\0\x18ftypheic\0\0\0\0mif1heic', 'latin1'), 'heic_not_supported'],
    ['AVIF brand on HEIC-like rubbish', Buffer.from('\0\0\0\x18ftypavif\0\0\0\0mif1heic\0\0\0\x08meta', 'latin1'), 'undecodable_image'],
    ['a signature and no more', Buffer.from('ffd8ff', 'hex'), 'undecodable_image'],
    ['a JPEG signature before SVG', Buffer.concat([Buffer.from('ffd8ff', 'hex'), Buffer.from(SVG)]), 'undecodable_image']
  ]
  for (const [name, bytes, code] of uploads) {
    test(name, async () => assert.rejects(toPixels(bytes, FILL, LIMITS), { name: 'ServiceError', code }))
  }

  test('zeros, ones and noise', async () => {
    const random = new Random(3)
    const noise = Buffer.from(Array.from({ length: 4096 }, () => random.below(256)))
    for (const upload of [Buffer.alloc(4096), Buffer.alloc(4096, 0xff), noise]) {
      assert.equal(await outcome(upload), 'unsupported_image_format')
    }
  })
})

suite('damaged files', () => {
  for (const [name, file] of Object.entries(FILES)) {
    test(`${name} cut short is undecodable`, async () => {
      const upload = await file()
      // An animation is whole for us once its first frame is.
      const longest = /animated|gif/.test(name) ? 0.5 : 0.98
      for (const share of [0.25, 0.5, 0.75, 0.98].filter(share => share <= longest)) {
        assert.equal(await outcome(upload.subarray(0, Math.floor(upload.length * share))), 'undecodable_image', `${share} of it`)
      }
    })

    test(`${name} cut anywhere gives pixels or an error for the client`, async () => {
      const upload = await file()
      for (let part = 0; part < 24; part++) await outcome(upload.subarray(0, Math.floor(upload.length * part / 24)))
    })

    test(`${name} with flipped bytes gives pixels or an error for the client`, async () => {
      const upload = await file()
      const random = new Random(upload.length)
      for (let round = 0; round < 60; round++) {
        const damaged = Buffer.from(upload)
        for (let flip = 0; flip <= round % 4; flip++) {
          // Half of the damage to the header, where it has the most effect.
          const at = random.below(round % 2 === 0 ? damaged.length : Math.min(damaged.length, 200))
          damaged[at] = random.below(256)
        }
        await outcome(damaged)
      }
    })
  }

  test('an odd JPEG that browsers show is decoded', async () => {
    const jpeg = await FILES.jpeg!()
    assert.equal(await outcome(Buffer.concat([jpeg, Buffer.alloc(500, 7)])), 'pixels', 'bytes after the end')
    const stray = Buffer.concat([jpeg.subarray(0, 20), Buffer.alloc(3), jpeg.subarray(20)])
    assert.equal(await outcome(stray), 'pixels', 'stray bytes between segments')
  })
})
