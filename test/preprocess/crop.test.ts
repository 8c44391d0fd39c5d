import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import sharp from 'sharp'
import type { InputSpec } from '../../src/model/input.js'
import { createDecoder, MemoryTurns, type Crop } from '../../src/preprocess/index.js'
import { boxOf } from '../../src/preprocess/crop.js'
import { CROP, difference, FILL, gradient, LIMITS, storedAs, toPixels, toSharp } from './pictures.js'

const UPRIGHT = { width: 200, height: 150 }
const PART: Crop = { x: 20, y: 30, width: 120, height: 80, scale: 1 }

async function cropped (upload: Uint8Array, input: InputSpec, crop: Crop): Promise<Uint8Array> {
  const decoder = createDecoder({ concurrency: 1, input, limits: LIMITS, memory: new MemoryTurns(2 ** 30), timeoutMs: 60_000 })
  return await decoder.decode(upload, undefined, '', crop) as Uint8Array
}

suite('a crop', () => {
  const BOXES: ReadonlyArray<readonly [crop: Partial<Crop>, left: number, top: number, width: number, height: number]> = [
    [{}, 20, 30, 120, 80],
    [{ scale: 1.3 }, 2, 18, 156, 104],
    [{ scale: 0.5 }, 50, 50, 60, 40],
    [{ scale: 10 }, 0, 0, 200, 150],
    [{ x: -50, y: 140 }, 0, 140, 70, 10],
    [{ x: 20.4, y: 29.6, width: 119.9, height: 80.3 }, 20, 30, 120, 80],
    [{ x: 199, y: 149, width: 1, height: 1 }, 199, 149, 1, 1]
  ]
  for (const [crop, left, top, width, height] of BOXES) {
    test(`${JSON.stringify(crop)} of 120 x 80 pixels at 20, 30`, () => {
      assert.deepEqual(boxOf({ ...PART, ...crop }, UPRIGHT), { left, top, width, height })
    })
  }

  for (const crop of [{ x: 200 }, { x: -120 }, { y: 150 }, { y: -80.4 }, { width: 0.2 }]) {
    test(`${JSON.stringify(crop)} leaves nothing`, () => {
      assert.throws(() => boxOf({ ...PART, ...crop }, UPRIGHT), { code: 'crop_outside_image', status: 400 })
    })
  }

  const picture = gradient(UPRIGHT.width, UPRIGHT.height)
  const INPUTS: Readonly<Record<string, InputSpec>> = {
    FILL, CROP, sampled: { ...FILL, kernel: 'bilinear' }, grey: { ...CROP, channels: 1 }
  }
  for (const [name, input] of Object.entries(INPUTS)) {
    for (const orientation of [1, 2, 3, 4, 5, 6, 7, 8]) {
      test(`${name}, orientation ${orientation}: as of the part alone`, async () => {
        const { x, y, width, height } = PART
        const alone = await toSharp(picture).extract({ left: x, top: y, width, height }).png().toBuffer()
        const upload = await toSharp(storedAs(orientation, picture)).withMetadata({ orientation }).png().toBuffer()
        const { largest } = difference(await cropped(upload, input, PART), await toPixels(alone, input, LIMITS))
        assert.ok(largest <= (orientation === 1 ? 0 : 1), `${largest}`)
      })
    }
  }

  test('of a very long part, its middle', async () => {
    const long = toSharp(gradient(1200, 60))
    const alone = await long.clone().extract({ left: 100, top: 10, width: 1000, height: 20 }).png().toBuffer()
    const part = { x: 100, y: 10, width: 1000, height: 20, scale: 1 }
    assert.deepEqual(await cropped(await long.png().toBuffer(), CROP, part), await toPixels(alone, CROP, LIMITS))
  })

  test('of a large JPEG', async () => {
    const jpeg = await toSharp(gradient(1600, 1200)).jpeg().toBuffer()
    const alone = await sharp(jpeg).extract({ left: 300, top: 200, width: 800, height: 700 }).png().toBuffer()
    assert.deepEqual(await cropped(jpeg, FILL, { x: 300, y: 200, width: 800, height: 700, scale: 1 }), await toPixels(alone, FILL, LIMITS))
  })
})
