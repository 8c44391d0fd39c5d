import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { suite, test } from 'node:test'
import { suiteApp, type App } from '../support/app.js'
import { shared, withoutShared } from '../support/shared.js'

/*
 * Pictures as people have them, through the model that changes nothing: what comes out of `/v2` is the picture that reached it.
 */

const FOLDER = shared('cases/pictures/')
const SIDE = 64
const CHANNELS = 3
/** The half of a quadrant around its centre. */
const [FROM, TO] = [SIDE / 8, SIDE / 8 + SIDE / 4]
/** For pictures of which the libraries get something wrong; no tolerance stands with them. */
const UPSTREAM_TOLERANCE = 4

type Colour = readonly [number, number, number]
type Quadrants = Readonly<Record<'tl' | 'tr' | 'bl' | 'br', Colour>>
interface Cases {
  readonly quadrants: Readonly<Record<string, { readonly quadrants: Quadrants, readonly tolerance: number, readonly note: string }>>
  readonly refused: Readonly<Record<string, string>>
}

let server: App

/** The mean colours of the quadrants' centres, or the refusal. */
async function seen (name: string): Promise<Quadrants | { status: number, code: string, error: string }> {
  const bytes = readFileSync(FOLDER + name).toString('base64')
  const inputs = [{ name: 'image', datatype: 'BYTES', shape: [1], data: [bytes] }]
  const outputs = [{ name: 'feature_map', parameters: { binary_data: true } }]
  const response = await fetch(`${server.url}/v2/models/eye/infer`, { method: 'POST', body: JSON.stringify({ inputs, outputs }) })
  if (response.status !== 200) return { status: response.status, ...await response.json() as { code: string, error: string } }
  const reply = await response.arrayBuffer()
  const pixels = new Float32Array(reply.slice(Number(response.headers.get('inference-header-content-length'))))
  const half = SIDE / 2
  return { tl: meanOf(pixels, 0, 0), tr: meanOf(pixels, half, 0), bl: meanOf(pixels, 0, half), br: meanOf(pixels, half, half) }
}

function meanOf (pixels: Float32Array, left: number, top: number): Colour {
  const sums: [number, number, number] = [0, 0, 0]
  for (let y = top + FROM; y < top + TO; y++) {
    for (let x = left + FROM; x < left + TO; x++) {
      for (let channel = 0; channel < CHANNELS; channel++) sums[channel]! += pixels[(y * SIDE + x) * CHANNELS + channel] ?? NaN
    }
  }
  const count = (TO - FROM) ** 2
  return [sums[0] / count, sums[1] / count, sums[2] / count]
}

async function demandQuadrants (name: string, wanted: Quadrants, tolerance: number): Promise<string[]> {
  const found = await seen(name)
  if (!('tl' in found)) return [`${name}: ${found.status} ${found.error}`]
  const differs = (Object.keys(wanted) as Array<keyof Quadrants>).some((quadrant) => (
    wanted[quadrant].some((value, channel) => !(Math.abs(value - (found[quadrant][channel] ?? NaN)) <= tolerance))
  ))
  return differs ? [`${name}: ${JSON.stringify(found)} instead of ${JSON.stringify(wanted)}`] : []
}

suite('pictures as people have them', { skip: withoutShared }, () => {
  const cases = withoutShared === false ? JSON.parse(readFileSync(`${FOLDER}cases.json`, 'utf8')) as Cases : { quadrants: {}, refused: {} }
  server = suiteApp({ MODEL: shared('cases/eye'), MODEL_NAME: 'eye' }, 'real')

  test('every one reaches the network as its format says', async () => {
    const wrong = await Promise.all(Object.entries(cases.quadrants).map(([name, { quadrants, tolerance }]) => (
      demandQuadrants(name, quadrants, tolerance)
    )))
    assert.deepEqual(wrong.flat(), [])
  })

  test('camera raws and what has no meaning of its own are refused by name', async () => {
    for (const [name, says] of [
      ['raw-like.dng', /camera raw \(DNG\)/], ['raw-like.cr2', /camera raw \(Canon CR2\)/], ['laba8-full.tif', /CIELAB with alpha/],
      ['comp-zstd.tif', /compressed with Zstandard/]
    ] as const) {
      const found = await seen(name)
      assert.ok(!('tl' in found), name)
      assert.deepEqual([found.status, found.code], [415, 'unsupported_image_format'], name)
      assert.match(found.error, says)
    }
  })

  test('grey of floats and of 32 bits is scaled by what the file says', async () => {
    const greys: Quadrants = { tl: [40, 40, 40], tr: [100, 100, 100], bl: [160, 160, 160], br: [230, 230, 230] }
    assert.deepEqual(await demandQuadrants('grey-float01.tif', greys, 1), [])
    assert.deepEqual(await demandQuadrants('grey32u.tif', greys, 1), [])
  })

  test('nothing that is to be refused has another test than these', () => {
    const tested = ['raw-like.dng', 'raw-like.cr2', 'laba8-full.tif', 'grey-float01.tif', 'grey32u.tif']
    assert.deepEqual(Object.keys(cases.refused).toSorted(), tested.toSorted())
  })

  test('what libheif and libvips leave undone is put right', async () => {
    const half: Quadrants = { tl: [214, 86, 86], tr: [86, 199, 93], bl: [86, 93, 214], br: [237, 222, 93] }
    const greys: Quadrants = { tl: [40, 40, 40], tr: [100, 100, 100], bl: [160, 160, 160], br: [230, 230, 230] }
    assert.deepEqual(await demandQuadrants('avif-alpha-pre.avif', half, UPSTREAM_TOLERANCE), [])
    assert.deepEqual(await demandQuadrants('avif-400-limited.avif', greys, UPSTREAM_TOLERANCE), [])
  })
})
