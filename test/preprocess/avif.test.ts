import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import sharp, { type Sharp } from 'sharp'
import { ServiceError } from '../../src/base/errors.js'
import { Random } from '../../src/base/random.js'
import { avifOddities, stillAvif } from '../../src/preprocess/avif.js'
import { FILL, gradient, LIMITS, toPixels, toSharp } from './pictures.js'

/* What an AVIF says of its picture and libvips does not look at. */

const picture = gradient(FILL.size, FILL.size)
const flat = (colour: { r: number, g: number, b: number, alpha?: number }): Sharp => (
  sharp({ create: { width: FILL.size, height: FILL.size, channels: colour.alpha === undefined ? 3 : 4, background: colour } })
)
const lossless = async (image: Sharp): Promise<Buffer> => await image
  .avif({ quality: 100, effort: 0, chromaSubsampling: '4:4:4' }).toBuffer()

/** Replaces the first bytes that are the same as those of a text. */
function replaced (file: Buffer, from: string, by: string): Buffer {
  const at = file.indexOf(from, 0, 'latin1')
  assert.ok(at >= 0, `${JSON.stringify(from)} is there`)
  const copy = Buffer.from(file)
  copy.write(by, at, 'latin1')
  return copy
}

async function colourOf (upload: Buffer): Promise<number[]> {
  const pixels = await toPixels(upload, FILL, LIMITS)
  const middle = 3 * (FILL.size * FILL.size / 2 + FILL.size / 2)
  return [...pixels.subarray(middle, middle + 3)]
}

/** The file with a reference of another kind beside the one that says which item is its alpha. */
function withReference (file: Buffer, kind: string): Buffer {
  const [meta, iref, iloc] = ['meta', 'iref', 'iloc'].map((name) => file.indexOf(name) - 4) as [number, number, number]
  const end = iref + file.readUInt32BE(iref)
  const reference = Buffer.from([0, 0, 0, 14, ...Buffer.from(kind, 'latin1'), 0, 1, 0, 1, 0, 2])
  const longer = Buffer.concat([file.subarray(0, end), reference, file.subarray(end)])
  for (const box of [meta, iref]) longer.writeUInt32BE(longer.readUInt32BE(box) + reference.length, box)
  // As libheif writes it: version 0, two items of 18 bytes, their offsets behind two numbers of 16 bits.
  for (const at of [iloc + 16 + 4, iloc + 16 + 18 + 4]) longer.writeUInt32BE(longer.readUInt32BE(at) + reference.length, at)
  return longer
}

suite('animations', () => {
  test('the still picture beside one', async () => {
    const still = await toSharp(picture).avif({ quality: 90, effort: 0 }).toBuffer()
    const animation = replaced(still, 'ftypavif', 'ftypavis')
    assert.deepEqual(await toPixels(animation, FILL, LIMITS), await toPixels(still, FILL, LIMITS))
    assert.equal(animation.toString('latin1', 4, 12), 'ftypavis', 'the upload itself is left as it was')
    assert.equal(stillAvif(still), still)
  })

  test('one that has none', async () => {
    const alone = Buffer.from('\0\0\0\x18ftypavis\0\0\0\0avismsf1\0\0\0\x08moov', 'latin1')
    await assert.rejects(toPixels(alone, FILL, LIMITS), { code: 'unsupported_image_format', message: /AVIF animation/ })
  })
})

suite('premultiplied alpha', () => {
  test('is not multiplied in a second time', async () => {
    const half = await lossless(flat({ r: 100, g: 15, b: 15, alpha: 0.5 }))
    const premultiplied = withReference(half, 'prem')
    const [red = 0, green = 0] = await colourOf(premultiplied)
    assert.ok(Math.abs(red - 227) <= 2 && Math.abs(green - 142) <= 2, `${red}, ${green}`)
    assert.ok((await colourOf(half))[0]! < 180)
  })

  test('another reference means something else', async () => {
    const half = await lossless(flat({ r: 100, g: 15, b: 15, alpha: 0.5 }))
    assert.deepEqual(await colourOf(withReference(half, 'cdsc')), await colourOf(half))
  })
})

suite('limited range', () => {
  /** A picture of 16 x 16 pixels of grey 125, by libavif: without colours, of the limited range. */
  const narrow = Buffer.from(
    'AAAAHGZ0eXBhdmlmAAAAAGF2aWZtaWYxbWlhZgAAAOltZXRhAAAAAAAAACFoZGxyAAAAAAAAAABwaWN0AAAAAAAAAAAAAAAAAAAAAA5waXRtAAAAAAABAAAAHmlsb2MA' +
    'AAAARAAAAQABAAAAAQAAAQ0AAAAVAAAAKGlpbmYAAAAAAAEAAAAaaW5mZQIAAAAAAQAAYXYwMUNvbG9yAAAAAGhpcHJwAAAASWlwY28AAAAUaXNwZQAAAAAAAAAQAAAA' +
    'EAAAAA5waXhpAAAAAAEIAAAADGF2MUOBABwAAAAAE2NvbHJuY2x4AAEADQAGAAAAABdpcG1hAAAAAAAAAAEAAQQBAoMEAAAAHW1kYXQSAAoIGAz/2GAhoMQyBxAAOVMU' +
    'xNA=', 'base64'
  )

  test('of grey is widened', async () => {
    assert.deepEqual(avifOddities(narrow), { premultiplied: false, limitedGrey: true })
    assert.deepEqual(await colourOf(narrow), [125, 125, 125])
  })

  test('of the full range, or with colours, it is libheif\'s', async () => {
    const full = Buffer.from(narrow)
    full[full.indexOf('nclx') + 10] = 0x80
    assert.deepEqual(avifOddities(full), { premultiplied: false, limitedGrey: false })
    assert.deepEqual(await colourOf(full), [123, 123, 123])
    const coloured = Buffer.from(narrow)
    coloured[coloured.indexOf('av1C') + 6] = 0
    assert.deepEqual(avifOddities(coloured), { premultiplied: false, limitedGrey: false })
  })
})

test('files that lie: pixels, or an error for the client', async () => {
  const random = new Random(5)
  const upload = replaced(withReference(await lossless(flat({ r: 100, g: 15, b: 15, alpha: 0.5 })), 'prem'), 'ftypavif', 'ftypavis')
  for (let round = 0; round < 400; round++) {
    const damaged = Buffer.from(upload.subarray(0, round % 2 === 0 ? random.below(upload.length) : upload.length))
    for (let flip = 0; flip <= round % 4; flip++) damaged[random.below(Math.max(1, damaged.length))] = random.below(256)
    // Whatever the boxes say, reading them ends and throws nothing.
    avifOddities(damaged)
    if (round % 8 !== 0) continue
    await toPixels(damaged, FILL, { maxImageBytes: 100_000, maxImagePixels: 100_000 }).catch((error: unknown) => {
      assert.ok(error instanceof ServiceError, String(error))
    })
  }
})
