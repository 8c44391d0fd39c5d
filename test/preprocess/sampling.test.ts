import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { CROP, difference, FILL, gradient, LIMITS, paint, storedAs, toPixels, toSharp, type Picture } from './pictures.js'

/* Kernels that look at single pixels. The numbers are those of TensorFlow 2.21 and Pillow 12 for the same pixels. */

const odd = (width: number, height: number): Picture => paint(width, height, (x, y) => (
  [(x * 37 + y * 11) % 256, (x * x * 5 + y * 29) % 256, (x * y * 13 + 7) % 256]
))

async function sampled (picture: Picture, kernel: 'nearest' | 'bilinear', size: number): Promise<number[]> {
  return [...await toPixels(await toSharp(picture).png().toBuffer(), { ...FILL, size, kernel }, LIMITS)]
}

suite('bilinear as image_dataset_from_directory resizes', () => {
  test('smaller: the pixels between are not looked at', async () => {
    assert.deepEqual(await sampled(odd(11, 7), 'bilinear', 3), [
      57, 29, 19, 192, 144, 50, 72, 140, 82, 82, 97, 59, 218, 212, 202, 98, 208, 89, 108, 165, 99, 244, 24, 98, 123, 105, 96
    ])
  })

  test('larger: centres are at halves, and edges are continued', async () => {
    const red = (await sampled(odd(5, 3), 'bilinear', 6)).filter((_, index) => index % 3 === 0)
    assert.deepEqual(red.slice(0, 12), [0, 28, 59, 89, 120, 148, 3, 31, 61, 92, 123, 151])
    assert.deepEqual(red.slice(-6), [22, 50, 81, 111, 142, 170])
  })

  test('stripes that are smaller than a step stay black and white', async () => {
    const stripes = paint(480, 480, (x) => x % 10 < 9 ? [0, 0, 0] : [255, 255, 255])
    assert.deepEqual(new Set(await sampled(stripes, 'bilinear', 48)), new Set([0]))
  })
})

suite('nearest as Pillow resizes', () => {
  const reds = (pixels: number[]): number[] => pixels.filter((_, index) => index % 3 === 0)

  test('smaller', async () => {
    assert.deepEqual(reds(await sampled(odd(11, 7), 'nearest', 3)), [48, 196, 88, 70, 218, 110, 92, 240, 132])
  })

  test('larger', async () => {
    assert.deepEqual(reds(await sampled(odd(5, 3), 'nearest', 6)).slice(0, 18), [
      0, 37, 74, 74, 111, 148, 0, 37, 74, 74, 111, 148, 11, 48, 85, 85, 122, 159
    ])
  })
})

for (const kernel of ['nearest', 'bilinear'] as const) {
  suite(`${kernel}, beside resizing`, () => {
    test('upright in each orientation', async () => {
      const upright = gradient(161, 90)
      for (const input of [{ ...FILL, kernel }, { ...CROP, kernel }]) {
        const expected = await toPixels(await toSharp(upright).png().toBuffer(), input, LIMITS)
        for (const orientation of [2, 3, 4, 5, 6, 7, 8]) {
          const upload = await toSharp(storedAs(orientation, upright)).withMetadata({ orientation }).png().toBuffer()
          assert.deepEqual(await toPixels(upload, input, LIMITS), expected, `orientation ${orientation}, ${input.fit}`)
        }
      }
    })

    test('the central crop is cut out of the resized picture', async () => {
      const picture = gradient(CROP.size * 2, CROP.size)
      const result = await toPixels(await toSharp(picture).png().toBuffer(), { ...CROP, cropFraction: 1, kernel }, LIMITS)
      const centre = paint(CROP.size, CROP.size, (x, y) => {
        const at = (y * picture.width + x + CROP.size / 2) * 3
        return [picture.rgb[at]!, picture.rgb[at + 1]!, picture.rgb[at + 2]!]
      })
      assert.equal(difference(result, centre.rgb).largest, 0)
    })

    test('a picture of the input\'s size is left as it is, and grey is its luma', async () => {
      const picture = gradient(FILL.size, FILL.size)
      const upload = await toSharp(picture).png().toBuffer()
      assert.equal(difference(await toPixels(upload, { ...FILL, kernel }, LIMITS), picture.rgb).largest, 0)
      assert.deepEqual(
        await toPixels(upload, { ...FILL, kernel, channels: 1 }, LIMITS), await toPixels(upload, { ...FILL, channels: 1 }, LIMITS)
      )
    })

    test('a very long picture: the centre', async () => {
      const halves = paint(60_000, 1, (x) => x < 30_000 ? [255, 0, 0] : [0, 0, 255])
      const result = await toPixels(await toSharp(halves).png().toBuffer(), { ...CROP, kernel }, LIMITS)
      // All of the crop is less than one pixel wide: bilinear mixes the two.
      const [red = 0, blue = 0] = [result.at(0), result.at(-1)]
      assert.ok(kernel === 'nearest' ? red === 255 && blue === 255 : red > 220 && blue > 220, `red ${red}, blue ${blue}`)
    })
  })
}
