import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { CROP, FILL, LIMITS, gradient, paint, patches, toSharp, type Picture, toPixels } from './pictures.js'

const grey = { ...FILL, channels: 1 } as const
const pixelsOf = async (picture: Picture, input = FILL): Promise<Uint8Array> => await toPixels(
  await toSharp(picture).png().toBuffer(), input, LIMITS
)

/** ITU-R BT.601-2, in floating point. */
const luma = (
  { rgb }: Picture, pixel: number
): number => 0.299 * (rgb[pixel * 3] ?? 0) + 0.587 * (rgb[pixel * 3 + 1] ?? 0) + 0.114 * (rgb[pixel * 3 + 2] ?? 0)

/** As Pillow does it: converted first, and resized then. */
function convertedFirst (picture: Picture): Picture {
  const { width, height } = picture
  return paint(width, height, (x, y) => {
    const value = Math.round(luma(picture, y * width + x))
    return [value, value, value]
  })
}

suite('grey pixels', () => {
  test('are one byte each, of a picture of the same grey exactly that grey', async () => {
    const ramp = paint(48, 48, (x, y) => Array.from({ length: 3 }, () => (x + 48 * y) % 256) as [number, number, number])
    assert.deepEqual([...await pixelsOf(ramp, grey)], Array.from({ length: 48 * 48 }, (_, pixel) => pixel % 256))
  })

  test("are Pillow's for pure colours", async () => {
    // What Image.convert('L') gives.
    const colours = [
      [255, 0, 0, 76], [0, 255, 0, 150], [0, 0, 255, 29], [255, 255, 0, 226], [0, 255, 255, 179], [255, 0, 255, 105], [1, 2, 3, 2]
    ] as const
    for (const [red, green, blue, expected] of colours) {
      assert.deepEqual(new Set(await pixelsOf(paint(48, 48, () => [red, green, blue]), grey)), new Set([expected]))
    }
  })

  test('are the luma of the picture', async () => {
    const picture = patches(48, 48)
    for (const [pixel, value] of (await pixelsOf(picture, grey)).entries()) assert.ok(Math.abs(value - luma(picture, pixel)) <= 0.501)
  })

  for (const [name, input] of [['fill', grey], ['crop', { ...CROP, channels: 1 }]] as const) {
    for (const picture of [gradient(200, 130), patches(200, 130), gradient(20, 30)]) {
      test(`are within two steps of converting first, ${name}, ${picture.width}x${picture.height}`, async () => {
        const found = await pixelsOf(picture, input)
        const first = (await pixelsOf(convertedFirst(picture), { ...input, channels: 3 })).filter((_, index) => index % 3 === 0)
        assert.equal(found.length, 48 * 48)
        assert.ok(found.every((value, pixel) => Math.abs(value - (first[pixel] ?? NaN)) <= 2))
      })
    }
  }
})
