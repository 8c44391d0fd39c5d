import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import sharp from 'sharp'
import { CAT } from '../support/cat.js'
import { GrpcClient } from '../support/grpc.js'
import { suiteServer } from '../support/server.js'
import { tempFolder } from '../support/temp-folder.js'
import { until } from '../support/until.js'

/* A system that cannot decode good pictures says so, and blames none of them. */

const PRELOAD = new URL('../support/undecoding.js', import.meta.url)
const COMMAND = fileURLToPath(new URL('../../src/cli/index.js', import.meta.url))
const MAIN = fileURLToPath(new URL('../../src/main.js', import.meta.url))
const POLL_MS = 20
/** In several scans, which libvips alone decodes. */
const JPEG = Uint8Array.from(await sharp(CAT).jpeg({ progressive: true }).toBuffer())
/** Begins like a JPEG, and is none. */
const DAMAGED = Buffer.concat([JPEG.subarray(0, 20), Buffer.alloc(200, 7)])
const GIF = Buffer.from('R0lGODlhAQABAIAAAAAAAP///ywAAAAAAQABAAACAUwAOw==', 'base64')
const NUMBERS = { inputs: [{ name: 'pixels', datatype: 'UINT8', shape: [1, 32, 32, 3], data: new Array(32 * 32 * 3).fill(9) }] }

suite('a decoder that fails', () => {
  const server = suiteServer({ GRPC_PORT: '0' }, [process.execPath, '--import', PRELOAD.href, MAIN])
  let grpc: GrpcClient
  before(() => { grpc = new GrpcClient(server) })
  after(() => { grpc.close() })

  const classify = async (upload: Uint8Array<ArrayBuffer>, headers = {}): Promise<Response> => (
    await fetch(`${server.url}/classify`, { method: 'POST', body: upload, headers: { 'content-type': 'image/jpeg', ...headers } })
  )
  const refusal = async (response: Response): Promise<[status: number, code: unknown, retryAfter: string | null]> => (
    [response.status, (await response.json() as { code: unknown }).code, response.headers.get('retry-after')]
  )
  const send = async (path: string, body: object): Promise<Response> => (
    await fetch(`${server.url}${path}`, { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json' } })
  )
  const statusOf = async (path: string): Promise<number> => (await fetch(`${server.url}${path}`)).status
  const failures = async (): Promise<number> => {
    const metrics = await (await fetch(`${server.url}/metrics`)).text()
    return Number(/^xception_decoder_failures_total (\d+)$/m.exec(metrics)?.[1])
  }

  test('while it works, what it cannot read is the upload\'s fault', async () => {
    assert.equal((await classify(JPEG)).status, 200)
    assert.deepEqual(await refusal(await classify(DAMAGED)), [422, 'undecodable_image', null])
    assert.equal(await failures(), 0)
    assert.equal(await statusOf('/readyz'), 200)
  })

  test('good pictures get 503, whatever the protocol, and the service is not ready', async () => {
    process.kill(server.pid, 'SIGUSR2')
    await sleep(POLL_MS)
    assert.deepEqual(await refusal(await classify(JPEG)), [503, 'decoder_failed', '2'])
    assert.deepEqual(await refusal(await classify(JPEG, { accept: 'image/png' })), [503, 'decoder_failed', '2'])
    const base64 = Buffer.from(JPEG).toString('base64')
    assert.equal((await send('/v1/models/xception-cifar10:predict', { instances: [{ b64: base64 }] })).status, 503)
    const infer = '/v2/models/xception-cifar10/infer'
    assert.equal((await send(infer, { inputs: [{ name: 'image', datatype: 'BYTES', shape: [1], data: [base64] }] })).status, 503)
    const answer = await send('/classify', { images: [GIF.toString('base64'), base64] })
    const { results } = await answer.json() as { results: Array<{ error?: { code: string } }> }
    assert.deepEqual(results.map(({ error }) => error?.code), [undefined, 'decoder_failed'])
    assert.equal((await send(infer, NUMBERS)).status, 200, 'numbers need no decoder')
    assert.equal(await failures(), 5)

    const response = await fetch(`${server.url}/readyz`)
    assert.equal(response.status, 503)
    assert.deepEqual(await response.json(), { status: 'not ready', reason: 'decoder_failed' })
    assert.deepEqual([await statusOf('/v2/health/ready'), await statusOf('/livez')], [503, 200])
    assert.deepEqual(await grpc.call('ServerReady'), { ready: false })
    const said = server.log.filter((line) => line.includes('"level":50'))
    assert.ok(said.some((line) => line.includes('no image can be decoded') && line.includes('unsupported image format')), said.join('\n'))
    assert.equal(said.filter((line) => line.includes('an image could not be decoded, for a reason of the system')).length, 1)
  })

  test('it is ready again once they are decoded', async () => {
    process.kill(server.pid, 'SIGUSR2')
    await until('a service that is ready', async () => await statusOf('/readyz') === 200)
    assert.equal((await classify(JPEG)).status, 200)
    assert.deepEqual(await grpc.call('ServerReady'), { ready: true })
    assert.ok(server.log.some((line) => line.includes('images can be decoded again')))
  })
})

test('a command tries pictures again that the system lets fail, and records none of them', (t) => {
  const folder = tempFolder(t)
  for (const name of ['a.jpg', 'b.jpg']) writeFileSync(join(folder, name), JPEG)
  const output = join(folder, 'results.jsonl')
  const args = ['--import', PRELOAD.href, COMMAND, 'classify', folder, '--output', output]
  const { status, stderr } = spawnSync(process.execPath, args, { env: { ...process.env, UNDECODING_MS: '300' }, encoding: 'utf8' })
  assert.equal(status, 0, stderr)
  assert.match(stderr, /No picture can be decoded, and that is tried again: .*unsupported image format/)
  assert.match(readFileSync(output, 'utf8'), /^(?:\{"file":"[ab]\.jpg".*"predictions":.*\}\n){2}$/)
})
