import assert from 'node:assert/strict'
import { request } from 'node:http'
import { suite, test } from 'node:test'
import sharp from 'sharp'
import { writeBenchPackage } from '../../bench/network/package-writer.js'
import { CAT } from '../support/cat.js'
import { HEADS, SIDE, SOFTMAX, UNITS, dense, prepare } from '../support/heads.js'
import { referenceValues } from '../support/reference-network.js'
import { servingApp } from '../support/app.js'
import { tempFolder } from '../support/temp-folder.js'

interface Reply {
  readonly model: { readonly name: string }
  readonly results: ReadonlyArray<{ readonly embedding?: number[], readonly error?: { readonly code: string } }>
  readonly timings: { readonly batchSize: number }
}

suite('POST /embed', () => {
  test('gives what the network pools, as computed in float64, and the same with the length 1', async (t) => {
    const { network, weights, images } = prepare(HEADS['one dense layer'].layers)
    const folder = tempFolder(t)
    await writeBenchPackage(folder, { network, weights })
    await servingApp({ MODEL: folder }, async ({ url }) => {
      const raw = { width: SIDE, height: SIDE, channels: 3 } as const
      const files = await Promise.all(images.map((pixels) => sharp(pixels, { raw }).png().toBuffer()))
      const plain = await embed(url, files)
      const normalized = await embed(url, files, '?normalize=true')
      images.forEach((image, index) => {
        const expected = [...referenceValues(network, weights, image).get('layer2')?.data ?? []]
        assertNear(plain.results[index]?.embedding ?? [], expected)
        const length = Math.hypot(...expected)
        assertNear(normalized.results[index]?.embedding ?? [], expected.map((value) => value / length))
      })
    })
  })

  test('takes what /classify takes, and what fails has its error', async () => {
    await servingApp({}, async ({ url }) => {
      const { model, results, timings } = await embed(url, [CAT, Buffer.from('no image'), CAT])
      assert.equal(model.name, 'xception-cifar10')
      assert.ok(timings.batchSize > 0)
      assert.deepEqual(results.map((one) => one.embedding?.length ?? one.error?.code), [512, 'unsupported_image_format', 512])
      const json = JSON.stringify({ images: [CAT.toString('base64')] })
      const fromJson = await fetch(`${url}/embed`, { method: 'POST', body: json, headers: { 'content-type': 'application/json' } })
      assertNear((await fromJson.json() as Reply).results[0]?.embedding ?? [], results[0]?.embedding ?? [])
      const refused = await fetch(`${url}/embed?normalize=L2`, { method: 'POST', body: CAT })
      assert.deepEqual([refused.status, (await refused.json() as { code: string }).code], [400, 'invalid_query'])
    })
  })

  test('a network that pools nothing is refused before the body is read', async (t) => {
    const { network, weights } = prepare([{ kind: 'flatten' }, dense(UNITS), SOFTMAX])
    const folder = tempFolder(t)
    await writeBenchPackage(folder, { network, weights })
    await servingApp({ MODEL: folder }, async ({ url }) => {
      const { status, body, asked } = await sendHeadersOnly(`${url}/embed`)
      assert.deepEqual([status, JSON.parse(body).code, asked], [409, 'not_embeddable', false])
      assert.match(JSON.parse(body).detail, /The network has no pooled features: .*flatten/)
    })
  })
})

async function embed (url: string, files: readonly Uint8Array[], query = ''): Promise<Reply> {
  const body = new FormData()
  for (const file of files) body.append('image', new Blob([new Uint8Array(file)]))
  const response = await fetch(`${url}/embed${query}`, { method: 'POST', body })
  assert.equal(response.status, 200)
  return await response.json() as Reply
}

/** Announces a body and waits to be asked for it. */
async function sendHeadersOnly (url: string): Promise<{ status: number | undefined, body: string, asked: boolean }> {
  return await new Promise((resolve, reject) => {
    let asked = false
    const headers = { 'content-type': 'image/jpeg', 'content-length': CAT.length, expect: '100-continue' }
    const sending = request(url, { method: 'POST', agent: false, headers }, (response) => {
      let body = ''
      response.setEncoding('utf8').on('data', (piece: string) => { body += piece }).on('end', () => {
        sending.destroy()
        resolve({ status: response.statusCode, body, asked })
      })
    })
    sending.on('continue', () => { asked = true }).on('error', reject)
    sending.flushHeaders()
  })
}

function assertNear (found: readonly number[], expected: readonly number[]): void {
  assert.equal(found.length, expected.length)
  expected.forEach((value, index) => { assert.ok(Math.abs(value - (found[index] ?? NaN)) < 1e-5, `${found[index]} is not ${value}`) })
}
