import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import sharp from 'sharp'
import type { InputSpec } from '../../src/model/input.js'
import { drawHeat, type HeatMap } from '../../src/preprocess/heat-picture.js'
import { inspect } from '../../src/preprocess/pixels.js'
import { CROP, difference, FILL, gradient, LIMITS, paint, storedAs, toSharp, type Picture } from './pictures.js'

const SIDE = 4
const COLD: HeatMap = { height: SIDE, width: SIDE, values: Array.from({ length: SIDE * SIDE }, () => -1) }

/** One cell of a map that is negative elsewhere. */
function hotAt (row: number, column: number): HeatMap {
  return { ...COLD, values: COLD.values.map((value, index) => index === row * SIDE + column ? 3 : value) }
}

async function draw (file: Buffer, heat: HeatMap, input: InputSpec = FILL): Promise<Picture> {
  const png = await drawHeat(await inspect(file, LIMITS), heat, { input, timeoutMs: 60_000 })
  const { format } = await sharp(png).metadata()
  assert.equal(format, 'png')
  return await pixelsOf(sharp(png))
}

async function pixelsOf (image: ReturnType<typeof sharp>): Promise<Picture> {
  const { data, info: { width, height, channels } } = await image.raw().toBuffer({ resolveWithObject: true })
  assert.equal(channels, 3)
  return { width, height, rgb: new Uint8Array(data) }
}

/** Where the two differ most. */
function hottest (left: Picture, right: Picture): { readonly x: number, readonly y: number } {
  const changes = Array.from({ length: left.width * left.height }, (_, pixel) => (
    [0, 1, 2].reduce((sum, channel) => sum + Math.abs((left.rgb[pixel * 3 + channel] ?? 0) - (right.rgb[pixel * 3 + channel] ?? 0)), 0)
  ))
  const at = changes.indexOf(changes.reduce((most, one) => Math.max(most, one)))
  return { x: at % left.width, y: Math.floor(at / left.width) }
}

function assertInCell ({ x, y }: { x: number, y: number }, { width, height }: Picture, row: number, column: number): void {
  assert.deepEqual([Math.floor(y / height * SIDE), Math.floor(x / width * SIDE)], [row, column])
}

suite('a picture with heat over it', () => {
  test('has at most 640 pixels on its longer side, and is hottest where the map is', async () => {
    const file = await toSharp(paint(1000, 500, () => [20, 20, 20])).png().toBuffer()
    const plain = await draw(file, COLD)
    assert.deepEqual([plain.width, plain.height], [640, 320])
    for (const [row, column] of [[0, 0], [1, 3], [3, 2]] as const) {
      assertInCell(hottest(await draw(file, hotAt(row, column)), plain), plain, row, column)
    }
  })

  test('stays as it is where nothing speaks for the class, and is never enlarged', async () => {
    const picture = gradient(100, 60)
    const file = await toSharp(picture).png().toBuffer()
    const cold = await draw(file, COLD)
    assert.deepEqual([cold.width, cold.height], [100, 60])
    assert.equal(difference(cold.rgb, picture.rgb).largest, 0)
    const hot = await draw(file, hotAt(3, 3))
    const upperLeft = (pixels: Picture): Promise<Picture> => pixelsOf(toSharp(pixels).extract({ left: 0, top: 0, width: 25, height: 15 }))
    assert.equal(difference((await upperLeft(hot)).rgb, (await upperLeft(picture)).rgb).largest, 0)
  })

  for (const orientation of [3, 6, 8]) {
    test(`is upright, stored with the orientation ${orientation}`, async () => {
      const upright = gradient(96, 48)
      const file = await toSharp(storedAs(orientation, upright)).withMetadata({ orientation }).png().toBuffer()
      const cold = await draw(file, COLD)
      assert.deepEqual([cold.width, cold.height], [96, 48])
      assert.equal(difference(cold.rgb, upright.rgb).largest, 0)
      assertInCell(hottest(await draw(file, hotAt(0, 3)), cold), cold, 0, 3)
    })
  }

  test('is dimmed outside the square that the network sees, and the map lies over that square', async () => {
    const file = await toSharp(paint(400, 200, () => [200, 200, 200])).png().toBuffer()
    const cold = await draw(file, COLD, CROP)
    const brightness = (x: number, y: number): number => cold.rgb[(y * cold.width + x) * 3] ?? NaN
    // 0.875 of the shorter side, in the middle.
    const [left, top] = [112, 12]
    assert.ok(brightness(left - 2, 100) < 120 && brightness(200, top - 2) < 120 && brightness(400 - left + 2, 100) < 120)
    assert.deepEqual([brightness(left + 2, 100), brightness(200, top + 2), brightness(400 - left - 2, 100)], [200, 200, 200])
    const { x, y } = hottest(await draw(file, hotAt(0, 0), CROP), cold)
    assert.ok(x >= left && x < left + 176 / SIDE && y >= top && y < top + 176 / SIDE, `hottest at ${x}, ${y}`)
  })

  test('is made of grey pictures, of transparent ones, and of very long ones', async () => {
    const grey = await sharp(Buffer.alloc(80 * 40, 90), { raw: { width: 80, height: 40, channels: 1 } }).png().toBuffer()
    assert.deepEqual((await draw(grey, COLD)).rgb.slice(0, 3), Uint8Array.of(90, 90, 90))
    const create = { width: 30, height: 30, channels: 4, background: { r: 0, g: 0, b: 0, alpha: 0 } } as const
    const clear = await sharp({ create }).png().toBuffer()
    assert.deepEqual((await draw(clear, COLD)).rgb.slice(0, 3), Uint8Array.of(255, 255, 255))
    const line = await toSharp(paint(6400, 1, () => [9, 9, 9])).png().toBuffer()
    for (const input of [FILL, CROP]) assert.deepEqual([(await draw(line, hotAt(1, 1), input)).width], [640])
  })
})
