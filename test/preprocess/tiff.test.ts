import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { Random } from '../../src/base/random.js'
import { ServiceError } from '../../src/base/errors.js'
import { sampleLayout } from '../../src/preprocess/tiff/layout.js'
import { readTiff } from '../../src/preprocess/tiff/tags.js'
import { builtInProfile, difference, FILL, gradient, LIMITS, toPixels, toSharp, withProfile } from './pictures.js'
import { tiff, type Numbers, type TiffFile } from './tiff-files.js'

/* What a TIFF says of its samples decides what they are: libvips takes whatever stands beside the colours for alpha. */

const SHORT = 3
const LONG = 4
const DOUBLE = 12
const [GREY_WHITE_0, GREY, RGB, PALETTE, CMYK, LAB] = [0, 1, 2, 3, 5, 8]
const [DATA, PREMULTIPLIED, ALPHA] = [0, 1, 2]
const SIDE = FILL.size
const RED = [200, 30, 30] as const
/** Red over white, half of it. */
const HALF_RED = [227, 142, 142] as const

type Kind = new (length: number) => Numbers
type Rest = Partial<TiffFile>

/** A file of one colour. */
function flat (Kind: Kind, pixel: readonly number[], photometric: number, rest: Rest = {}): Buffer {
  const samples = new Kind(SIDE * SIDE * pixel.length)
  for (let at = 0; at < samples.length; at++) samples[at] = pixel[at % pixel.length]!
  return tiff({ width: SIDE, height: SIDE, samples, perPixel: pixel.length, photometric, ...rest })
}

const wide = (...values: number[]): number[] => values.map((value) => value * 257)

async function colourOf (upload: Buffer): Promise<number[]> {
  const pixels = await toPixels(upload, FILL, LIMITS)
  const colour = [...pixels.subarray(0, 3)]
  pixels.forEach((value, index) => { assert.equal(value, colour[index % 3]) })
  return colour
}

function shows (name: string, upload: Buffer, colour: readonly number[], tolerance = 0): void {
  test(name, async () => {
    const found = await colourOf(upload)
    assert.ok(found.every((value, index) => Math.abs(value - colour[index]!) <= tolerance), `${found.join()} instead of ${colour.join()}`)
  })
}

function refuses (name: string, upload: Buffer, message: RegExp): void {
  test(name, async () => {
    await assert.rejects(toPixels(upload, FILL, LIMITS), { name: 'ServiceError', code: 'unsupported_image_format', status: 415, message })
  })
}

suite('samples beside the colours', () => {
  shows('RGB, alpha and a spot colour', flat(Uint8Array, [...RED, 128, 60], RGB, { extraSamples: [ALPHA, DATA] }), HALF_RED)
  shows('with premultiplied alpha', flat(Uint8Array, [100, 15, 15, 128, 60], RGB, { extraSamples: [PREMULTIPLIED, DATA] }), HALF_RED, 1)
  shows('a spot colour before alpha', flat(Uint8Array, [...RED, 60, 128], RGB, { extraSamples: [DATA, ALPHA] }), HALF_RED)
  shows('RGB and near infrared', flat(Uint8Array, [...RED, 60], RGB, { extraSamples: [DATA] }), RED)
  shows('with 16 bits', flat(Uint16Array, wide(...RED, 60), RGB, { extraSamples: [DATA] }), RED)
  shows('with 16 bits and alpha', flat(Uint16Array, wide(...RED, 128, 60), RGB, { extraSamples: [ALPHA, DATA] }), HALF_RED)
  shows('four masks', flat(Uint8Array, [...RED, 0, 0, 0, 0], RGB, { extraSamples: [DATA, DATA, DATA, DATA] }), RED)
  shows('a fourth sample of which nothing is said is alpha', flat(Uint8Array, [...RED, 128], RGB), HALF_RED)
  shows('and so is one of an unknown kind', flat(Uint8Array, [...RED, 128], RGB, { extraSamples: [999] }), HALF_RED)
  shows('two of which nothing is said are not', flat(Uint8Array, [...RED, 128, 60], RGB), RED)
  shows('grey and data', flat(Uint8Array, [100, 10], GREY, { extraSamples: [DATA] }), [100, 100, 100])
  shows('grey, alpha and data', flat(Uint8Array, [100, 128, 7], GREY, { extraSamples: [ALPHA, DATA] }), [177, 177, 177])
  shows('where white is zero', flat(Uint8Array, [155, 128, 7], GREY_WHITE_0, { extraSamples: [ALPHA, DATA] }), [177, 177, 177])
  shows('in a BigTIFF', flat(Uint8Array, [...RED, 60], RGB, { extraSamples: [DATA], bigTiff: true }), RED)
  refuses('a palette and data', flat(Uint8Array, [1, 128], PALETTE, { extraSamples: [DATA] }), /2 samples a pixel.*palette/)
  refuses('a hyperspectral picture', flat(Uint8Array, Array<number>(20).fill(9), GREY), /20 channels/)

  test('CMYK: a spot colour changes nothing, and alpha of 16 bits is that of 8', async () => {
    const inks = [20, 200, 180, 10]
    const opaque = await colourOf(flat(Uint8Array, inks, CMYK))
    const half = await colourOf(flat(Uint8Array, [...inks, 128], CMYK, { extraSamples: [ALPHA] }))
    assert.deepEqual(await colourOf(flat(Uint8Array, [...inks, 99], CMYK, { extraSamples: [DATA] })), opaque)
    assert.deepEqual(await colourOf(flat(Uint16Array, wide(...inks, 128), CMYK, { extraSamples: [ALPHA] })), half)
    assert.deepEqual(await colourOf(flat(Uint8Array, [...inks, 99, 128], CMYK, { extraSamples: [DATA, ALPHA] })), half)
  })
  refuses('other inks', flat(Uint8Array, [20, 200, 180, 10, 9, 9], CMYK, { tags: [[332, SHORT, [2]]] }), /other inks/)

  test('resampled as the picture without them is, with its profile and its orientation', async () => {
    const picture = gradient(90, 60)
    const profile = await builtInProfile('p3')
    const samples = Uint8Array.from({ length: 90 * 60 * 5 }, (_, at) => (
      at % 5 < 3 ? picture.rgb[Math.floor(at / 5) * 3 + at % 5]! : at % 251
    ))
    const tags = [[274, SHORT, [6]]] as const
    const upload = tiff({ width: 90, height: 60, samples, perPixel: 5, photometric: RGB, extraSamples: [DATA, DATA], profile, tags })
    const plain = withProfile(await toSharp(picture).withMetadata({ orientation: 6 }).png().toBuffer(), profile)
    assert.equal(difference(await toPixels(upload, FILL, LIMITS), await toPixels(plain, FILL, LIMITS)).largest, 0)
  })
})

suite('CIELAB', () => {
  test('of 8 bits is that of 16, and data beside it changes nothing', async () => {
    const [l, a, b] = [112, 40, 30]
    const colour = await colourOf(flat(Uint16Array, [l * 257, a * 256, b * 256], LAB))
    assert.ok(colour[0]! > colour[1]! + 40, 'it is red')
    assert.deepEqual(await colourOf(flat(Uint8Array, [l, a, b], LAB)), colour)
    assert.deepEqual(await colourOf(flat(Uint8Array, [l, a, b, 9], LAB, { extraSamples: [DATA] })), colour)
  })
  refuses('with alpha', flat(Uint8Array, [112, 40, 30, 255], LAB, { extraSamples: [ALPHA] }), /CIELAB with alpha/)
})

suite('floats, signed numbers and 32 bits', () => {
  const range = [[340, DOUBLE, [-1000]], [341, DOUBLE, [1000]]] as const
  shows('grey floats to 1', flat(Float32Array, [0.4], GREY), [102, 102, 102])
  shows('grey floats to 255', flat(Float32Array, [102], GREY), [102, 102, 102])
  shows('grey floats with alpha', flat(Float32Array, [100 / 255, 0.5], GREY, { extraSamples: [ALPHA] }), [177, 177, 177], 1)
  shows('half floats', flat(Uint16Array, [0x3666], GREY, { tags: [[339, SHORT, [3]]] }), [102, 102, 102])
  shows('floats by the range of the file', flat(Float32Array, [0], GREY, { tags: range }), [128, 128, 128])
  shows('black floats', flat(Float32Array, [0], GREY), [0, 0, 0])
  shows('linear RGB', flat(Float32Array, [0.57758, 0.01298, 0.01298], RGB), RED)
  shows('with alpha', flat(Float32Array, [0.57758, 0.01298, 0.01298, 0.5], RGB, { extraSamples: [ALPHA] }), HALF_RED, 1)
  const half = flat(Float32Array, [0.28879, 0.00649, 0.00649, 0.5], RGB, { extraSamples: [PREMULTIPLIED] })
  shows('with premultiplied alpha', half, HALF_RED, 1)
  shows('with light beyond white', flat(Float32Array, [2, 0.01298, 0.01298], RGB), [255, 30, 30])
  shows('grey of 32 bits', flat(Uint32Array, [102 * 0x01010101], GREY), [102, 102, 102])
  shows('where white is zero', flat(Uint32Array, [153 * 0x01010101], GREY_WHITE_0), [102, 102, 102])
  shows('RGB of 32 bits', flat(Uint32Array, RED.map((value) => value * 0x01010101), RGB), RED)
  const dark = flat(Uint32Array, [1600], GREY, { tags: [[340, LONG, [0]], [341, LONG, [4000]]] })
  shows('32 bits by the range of the file', dark, [102, 102, 102])
  shows('signed numbers by the range of the file', flat(Int16Array, [-200], GREY, { tags: range }), [102, 102, 102])

  refuses('floats that keep to no range', flat(Float32Array, [-3, 3].flatMap((value) => [value, value]), CMYK), /floats from -3.00 to 3.00/)
  refuses('grey floats of a measurement', flat(Float32Array, [1200.5], GREY), /floats from 1\.20e\+3/)
  refuses('grey floats that may mean anything', flat(Float32Array, [5], GREY), /floats from 5\.00/)
  refuses('no number at all', flat(Float32Array, [NaN], GREY), /none of which is a number/)
  refuses('RGB to 255 as floats', flat(Float32Array, RED, RGB), /floats from 30.0 to 200/)
  refuses('32 bits that would be black', flat(Uint32Array, [4000], GREY), /would be black: its greatest number is 4000/)
  refuses('signed numbers', flat(Int16Array, [100], GREY), /signed numbers/)
  refuses('floats of 64 bits', flat(Float64Array, [0.4], GREY), /float numbers with 64 bits/)
  refuses('complex numbers', flat(Float32Array, [0.4], GREY, { tags: [[339, SHORT, [6]]] }), /complex/)
  refuses('12 bits', flat(Uint8Array, [100], GREY, { bits: 12 }), /12 bits/)
})

suite('16 bits of grey with a profile', () => {
  test('are converted as 8 bits are', async () => {
    const linear = linearGreyProfile()
    const eight = await colourOf(flat(Uint8Array, [100], GREY, { profile: linear }))
    assert.ok(eight[0]! > 160, `${eight[0]} is lighter than what is stored`)
    assert.deepEqual(await colourOf(flat(Uint16Array, wide(100), GREY, { profile: linear })), eight)
    assert.deepEqual(await colourOf(flat(Float32Array, [100 / 255], GREY, { profile: linear })), eight)
  })
})

suite('camera raws and compressions that cannot be read', () => {
  const thumbnail = (tags: NonNullable<TiffFile['tags']>): Buffer => flat(Uint8Array, RED, RGB, { tags })
  refuses('a DNG', thumbnail([[254, LONG, [1]], [50706, 1, [1, 4, 0, 0]]]), /a camera raw \(DNG\)/)
  refuses('a Leaf', thumbnail([[34310, 1, [1]]]), /a camera raw/)
  refuses('samples behind a colour filter', flat(Uint8Array, [9], 32803), /a camera raw/)
  const names = [[50000, 'Zstandard'], [34925, 'LZMA'], [34712, 'JPEG 2000'], [6, 'old-style JPEG'], [34887, 'LERC']] as const
  for (const [compression, name] of names) {
    refuses(name, thumbnail([[259, SHORT, [compression]]]), new RegExp(`compressed with ${name}`))
  }
  refuses('another photometric interpretation', flat(Uint8Array, RED, 9), /photometric interpretation 9/)

  test('a raw picture in a directory below the preview, and one behind it', async () => {
    const raw = flat(Uint8Array, [9], 32803)
    const preview = thumbnail([[330, LONG, [0]]])
    const below = Buffer.concat([preview, raw])
    patch(below, 330, preview.length + 8)
    await assert.rejects(toPixels(below, FILL, LIMITS), { code: 'unsupported_image_format', message: /a camera raw/ })
    const behind = Buffer.concat([thumbnail([]), raw])
    behind.writeUInt32LE(behind.length - raw.length + 8, 8 + 2 + 12 * behind.readUInt16LE(8))
    await assert.rejects(toPixels(behind, FILL, LIMITS), { code: 'unsupported_image_format', message: /a camera raw/ })
  })
})

suite('files that lie', () => {
  const rest: Rest = { extraSamples: [ALPHA, DATA], profile: new Uint8Array(40), tags: [[330, LONG, [8, 8]]] }
  const upload = flat(Uint8Array, [...RED, 128, 60], RGB, rest)

  test('a directory that leads to itself, and no directory', () => {
    assert.equal(readTiff(upload).directories.length, 1)
    for (const offset of [0, 7, 0xffffffff, upload.length - 1]) {
      const nowhere = Buffer.from(upload)
      nowhere.writeUInt32LE(offset, 4)
      assert.equal(sampleLayout(readTiff(nowhere)), undefined)
    }
    assert.deepEqual(readTiff(Buffer.from('49492a00', 'hex')).directories, [])
  })

  test('more directories, entries and values than are read', () => {
    const many = Buffer.alloc(2 ** 20)
    many.write('II*\0')
    many.writeUInt32LE(8, 4)
    for (let at = 8; at + 18 <= many.length; at += 18) {
      many.writeUInt16LE(1, at)
      many.writeUInt16LE(330, at + 2)
      many.writeUInt16LE(LONG, at + 4)
      many.writeUInt32LE(0x0fffffff, at + 6)
      many.writeUInt32LE(at + 18, at + 14)
    }
    assert.ok(readTiff(many).directories.length <= 32)
    many.fill(0xff, 8)
    assert.ok(readTiff(many).directories.every((directory) => directory.size <= 4096))
  })

  shows('an orientation that is none', flat(Uint8Array, [...RED, 60], RGB, { extraSamples: [DATA], tags: [[274, LONG, [70_000]]] }), RED)
  refuses('a range without an end', flat(Int16Array, [1], GREY, { tags: [[340, DOUBLE, [0]], [341, DOUBLE, [Infinity]]] }), /signed/)

  test('with flipped bytes and cut anywhere: pixels, or an error for the client', async () => {
    const random = new Random(7)
    for (let round = 0; round < 200; round++) {
      const damaged = Buffer.from(upload.subarray(0, round % 4 === 0 ? random.below(upload.length) : upload.length))
      for (let flip = 0; flip <= round % 3; flip++) damaged[4 + random.below(Math.min(damaged.length, 400))] = random.below(256)
      try {
        await toPixels(damaged, FILL, { maxImageBytes: 100_000, maxImagePixels: 100_000 })
      } catch (error) {
        assert.ok(error instanceof ServiceError, String(error))
      }
    }
  })
})

/** Overwrites a number of the first directory. */
function patch (file: Buffer, tag: number, value: number): void {
  for (let entry = 10; entry < 10 + 12 * file.readUInt16LE(8); entry += 12) {
    if (file.readUInt16LE(entry) === tag) file.writeUInt32LE(value, entry + 8)
  }
}

/** A profile (ICC.1:2022) of grey whose numbers are as light is. */
function linearGreyProfile (): Buffer {
  const [tags, white, curve] = [12, 20, 12]
  const data = 128 + 4 + 3 * tags
  const profile = Buffer.alloc(data + 3 * 28)
  profile.writeUInt32BE(profile.length, 0)
  profile.writeUInt32BE(0x02100000, 8)
  profile.write('mntrGRAYXYZ ', 12, 'latin1')
  profile.write('acsp', 36, 'latin1')
  writeXyz(profile, 68)
  profile.writeUInt32BE(3, 128)
  const entries = [['desc', data, 28], ['wtpt', data + 28, white], ['kTRC', data + 56, curve]] as const
  entries.forEach(([name, at, bytes], index) => {
    profile.write(name, 132 + tags * index, 'latin1')
    profile.writeUInt32BE(at, 136 + tags * index)
    profile.writeUInt32BE(bytes, 140 + tags * index)
  })
  profile.write('desc', data, 'latin1')
  profile.writeUInt32BE(1, data + 8)
  profile.write('XYZ ', data + 28, 'latin1')
  writeXyz(profile, data + 36)
  profile.write('curv', data + 56, 'latin1')

  return profile
}

/** The white of D50. */
function writeXyz (profile: Buffer, at: number): void {
  [0xf6d6, 0x10000, 0xd32d].forEach((value, index) => profile.writeUInt32BE(value, at + 4 * index))
}
