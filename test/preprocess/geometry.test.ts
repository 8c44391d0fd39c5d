import assert from 'node:assert/strict'
import { suite, test } from 'node:test'

import type { InputSpec } from '../../src/model/input.js'
import { CROP, difference, FILL, gradient, LIMITS, paint, storedAs, toSharp, type Picture, toPixels } from './pictures.js'

const ORIENTATIONS = [1, 2, 3, 4, 5, 6, 7, 8]

async function png (picture: Picture, orientation = 1): Promise<Buffer> {
  return toSharp(picture).withMetadata({ orientation }).png().toBuffer()
}

/** Pillow's resize with a triangle filter, in floating point: widened by the factor when shrinking. */
function resizeLinear (picture: Picture, width: number, height: number): Picture {
  const weights = (from: number, to: number): number[][] => Array.from({ length: to }, (_, target) => {
    const scale = from / to
    const reach = Math.max(scale, 1)
    const centre = (target + 0.5) * scale
    const raw = Array.from({ length: from }, (_, source) => Math.max(0, 1 - Math.abs((source + 0.5 - centre) / reach)))
    const sum = raw.reduce((total, weight) => total + weight, 0)
    return raw.map(weight => weight / sum)
  })
  const across = weights(picture.width, width)
  const down = weights(picture.height, height)
  const value = (x: number, y: number, channel: number): number => {
    let sum = 0
    down[y]!.forEach((v, row) => {
      if (v > 0) across[x]!.forEach((u, column) => { if (u > 0) sum += u * v * picture.rgb[(row * picture.width + column) * 3 + channel]! })
    })
    return Math.round(sum)
  }
  return paint(width, height, (x, y) => [value(x, y, 0), value(x, y, 1), value(x, y, 2)])
}

function cut (picture: Picture, left: number, top: number, side: number): Picture {
  return paint(side, side, (x, y) => {
    const offset = ((y + top) * picture.width + x + left) * 3
    return [picture.rgb[offset]!, picture.rgb[offset + 1]!, picture.rgb[offset + 2]!]
  })
}

suite('fill', () => {
  for (const [width, height] of [[96, 96], [130, 70], [61, 200], [500, 375]] as const) {
    test(`${width} x ${height} with the linear kernel is Pillow's bilinear`, async () => {
      const picture = gradient(width, height)
      const expected = resizeLinear(picture, FILL.size, FILL.size).rgb
      const { largest, mean } = difference(await toPixels(await png(picture), FILL, LIMITS), expected)
      assert.ok(largest <= 2 && mean < 0.6, `largest ${largest}, mean ${mean}`)
    })
  }

  test('an enlarged image is half a pixel away from Pillow\'s', async () => {
    const result = await toPixels(await png(gradient(30, 20)), FILL, LIMITS)
    // Half a pixel up and left in the input is one pixel in a picture of twice its size.
    const larger = resizeLinear(gradient(30, 20), FILL.size * 2, FILL.size * 2)
    const at = (x: number, y: number, channel: number): number => {
      return larger.rgb[(Math.max(0, y) * larger.width + Math.max(0, x)) * 3 + channel]!
    }
    const shifted = (x: number, y: number, channel: number): number => Math.round(
      (at(2 * x - 1, 2 * y - 1, channel) + at(2 * x, 2 * y - 1, channel) + at(2 * x - 1, 2 * y, channel) + at(2 * x, 2 * y, channel)) / 4
    )
    const expected = paint(FILL.size, FILL.size, (x, y) => [shifted(x, y, 0), shifted(x, y, 1), shifted(x, y, 2)])
    const { largest, mean } = difference(result, expected.rgb)
    assert.ok(largest <= 2 && mean < 0.8, `largest ${largest}, mean ${mean}`)
  })

  test('the kernel is the model\'s', async () => {
    // Stripes two pixels wide: nearest keeps black and white, the others mix them.
    const upload = await png(paint(150, 150, x => x % 4 < 2 ? [0, 0, 0] : [255, 255, 255]))
    const levels = async (kernel: InputSpec['kernel']): Promise<number> => new Set(await toPixels(upload, { ...FILL, kernel }, LIMITS)).size
    assert.equal(await levels('nearest'), 2)
    for (const kernel of ['linear', 'cubic', 'lanczos3'] as const) assert.ok(await levels(kernel) > 2, kernel)
  })
})

suite('crop', () => {
  for (const [width, height] of [[110, 55], [55, 110], [200, 150], [55, 55]] as const) {
    test(`${width} x ${height}: the shorter side to size / cropFraction, then the centre`, async () => {
      const picture = gradient(width, height)
      const side = Math.round(CROP.size / CROP.cropFraction)
      const scale = side / Math.min(width, height)
      const resized = resizeLinear(picture, Math.round(width * scale), Math.round(height * scale))
      const expected = cut(resized, Math.floor((resized.width - CROP.size) / 2), Math.floor((resized.height - CROP.size) / 2), CROP.size)
      const { largest, mean } = difference(await toPixels(await png(picture), CROP, LIMITS), expected.rgb)
      assert.ok(largest <= 3 && mean < 0.8, `largest ${largest}, mean ${mean}`)
    })
  }

  test('an image of the input\'s size is not resampled', async () => {
    const picture = gradient(CROP.size, CROP.size)
    assert.equal(difference(await toPixels(await png(picture), CROP, LIMITS), picture.rgb).largest, 0)
  })

  test('a crop fraction of 1 keeps the whole shorter side', async () => {
    const picture = gradient(CROP.size * 2, CROP.size)
    const result = await toPixels(await png(picture), { ...CROP, cropFraction: 1 }, LIMITS)
    assert.deepEqual(result, cut(picture, CROP.size / 2, 0, CROP.size).rgb)
  })

  /** Red and blue halves: the centre of a very long image is where they meet. */
  for (const [width, height] of [[60_000, 1], [1, 60_000], [20_000, 3]] as const) {
    for (const orientation of [1, 6]) {
      test(`${width} x ${height}, orientation ${orientation}: the centre`, async () => {
        const halves = paint(width, height, (x, y) => (width > height ? x < width / 2 : y < height / 2) ? [255, 0, 0] : [0, 0, 255])
        const result = await toPixels(await png(storedAs(orientation, halves), orientation), CROP, LIMITS)
        const at = (x: number, y: number): number[] => [...result.subarray((y * CROP.size + x) * 3, (y * CROP.size + x) * 3 + 3)]
        const [red] = at(0, 0)
        const [, , blue] = at(CROP.size - 1, CROP.size - 1)
        // The kernel mixes the two: they are as wide as the whole crop.
        assert.ok(red! > 220 && blue! > 220, `red ${red}, blue ${blue}`)
      })
    }
  }
})

suite('orientation', () => {
  for (const orientation of ORIENTATIONS) {
    test(`${orientation} at the input's size, pixel for pixel`, async () => {
      const picture = gradient(FILL.size, FILL.size)
      const result = await toPixels(await png(storedAs(orientation, picture), orientation), FILL, LIMITS)
      assert.equal(difference(result, picture.rgb).largest, 0)
    })

    for (const input of [FILL, CROP]) {
      test(`${orientation}, ${input.fit}: as the upright picture`, async () => {
        const picture = gradient(161, 90)
        const upright = await toPixels(await png(picture), input, LIMITS)
        const result = await toPixels(await png(storedAs(orientation, picture), orientation), input, LIMITS)
        // A kernel is symmetric, its rounding is not quite; and a crop off the centre by half a pixel may fall on either side.
        assert.ok(difference(result, upright).largest <= (input.fit === 'fill' ? 1 : 4))
      })
    }

    test(`${orientation}: turns the pixels of a large JPEG after they are resized`, async () => {
      const jpeg = async (value: number): Promise<Buffer> => {
        return toSharp(gradient(800, 600)).withMetadata({ orientation: value }).jpeg().toBuffer()
      }
      const stored = { width: FILL.size, height: FILL.size, rgb: await toPixels(await jpeg(1), FILL, LIMITS) }
      const result = { width: FILL.size, height: FILL.size, rgb: await toPixels(await jpeg(orientation), FILL, LIMITS) }
      // The same shrink-on-load for every orientation, or the pixels would differ.
      assert.equal(difference(storedAs(orientation, result).rgb, stored.rgb).largest, 0)
    })
  }

  test('a large JPEG, shrunk while it is decoded, looks like one decoded in full', async () => {
    const picture = gradient(1600, 1200)
    const jpeg = await toPixels(await toSharp(picture).jpeg({ quality: 95 }).toBuffer(), CROP, LIMITS)
    const lossless = await toPixels(await png(picture), CROP, LIMITS)
    assert.ok(difference(jpeg, lossless).mean < 1)
  })
})
