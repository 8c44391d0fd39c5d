import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import sharp from 'sharp'
import { CAT } from '../support/cat.js'
import { assertDescribed, assertShown, documentOf } from '../support/open-api.js'
import { untilMetric } from '../support/series.js'
import { startApp, type App } from '../support/app.js'
import { adminUrlOf } from '../support/server.js'
import { tempFolder } from '../support/temp-folder.js'
import { until } from '../support/until.js'

const CIFAR = fileURLToPath(new URL('../../../models/xception-cifar10', import.meta.url))

const folder = tempFolder()

function classify ({ url }: App, body: Buffer = CAT): Promise<Response> {
  return fetch(`${url}/classify`, { method: 'POST', body: new Uint8Array(body), headers: { 'content-type': 'image/jpeg' } })
}

const codeOf = async (response: Response): Promise<unknown> => (await response.clone().json() as { code?: unknown }).code

suite('refusals are as /openapi.json says', () => {
  test('without a key, and of too many requests', async (t) => {
    const keys = join(folder, 'keys')
    writeFileSync(keys, `anna ${createHash('sha256').update('the key of anna').digest('hex')}\n`)
    const server = await startApp(t, { API_KEYS_FILE: keys, RATE_LIMIT: '4' })
    const document = await documentOf(server.url)
    for (const path of ['/v2/models/{name}', '/classify', '/classify', '/classify', '/classify', '/classify', '/v2/models/{name}']) {
      const isProtocol = path.startsWith('/v2')
      const response = isProtocol ? await fetch(server.url + path.replace('{name}', 'xception-cifar10')) : await classify(server)
      assert.ok([401, 429].includes(response.status), String(response.status))
      assert.ok(response.headers.has(response.status === 401 ? 'www-authenticate' : 'retry-after'))
      await assertShown(document, path, response)
      await assertDescribed(document, path, response)
    }
    assert.equal((await classify(server)).status, 429)
  })

  test('of a full queue, and after the deadline', async (t) => {
    const limits = { QUEUE_SIZE: '1', MAX_BATCH_SIZE: '1', MAX_IMAGES_PER_REQUEST: '1', REQUEST_TIMEOUT_MS: '3000' }
    const server = await startApp(t, limits)
    const document = await documentOf(server.url)
    const body = new ReadableStream({ start: (controller) => { controller.enqueue(CAT.subarray(0, 100)) } })
    const stalled = fetch(`${server.url}/classify`, { method: 'POST', body, duplex: 'half' })
    await untilMetric(server, 'xception_queue_length', 1)
    const full = await classify(server)
    assert.deepEqual([full.status, await codeOf(full)], [503, 'queue_full'])
    assert.match(full.headers.get('retry-after') ?? '', /^\d+$/)
    await assertShown(document, '/classify', full)
    await assertDescribed(document, '/classify', full)
    const late = await stalled
    assert.deepEqual([late.status, await codeOf(late)], [504, 'deadline_exceeded'])
    await assertShown(document, '/classify', late)
    await assertDescribed(document, '/classify', late)
  })

  test('of an engine that fails, and of one that no longer comes up', async (t) => {
    const server = await startApp(t, {}, 'misbehaving')
    t.after(() => { rmSync(join(tmpdir(), `xception-no-worker-${server.pid}`), { force: true }) })
    const document = await documentOf(server.url)
    const failed = await classify(server, await order(1))
    assert.deepEqual([failed.status, await codeOf(failed)], [500, 'inference_failed'])
    await assertShown(document, '/classify', failed)
    await assertDescribed(document, '/classify', failed)
    await assertDescribed(document, '/classify', await classify(server, await order(4)))
    await until('a service that is not ready', async () => (await fetch(`${server.url}/readyz`)).status !== 200)
    await assertDescribed(document, '/readyz', await fetch(`${server.url}/readyz`))
    const refused = await classify(server)
    assert.deepEqual([refused.status, await codeOf(refused)], [503, 'not_ready'])
    await assertDescribed(document, '/classify', refused)
  })

  test('of a reload', async (t) => {
    const MODEL = join(folder, 'model')
    symlinkSync(CIFAR, MODEL)
    const admin = adminUrlOf(await startApp(t, { MODEL, ADMIN_PORT: '0' })) ?? assert.fail('there is no port of administration')
    const document = await documentOf(admin)
    const reload = (): Promise<Response> => fetch(`${admin}/admin/reload`, { method: 'POST' })
    const both = await Promise.all([reload(), reload()])
    assert.deepEqual(both.map(({ status }) => status).sort(), [200, 409])
    for (const response of both) {
      if (response.status === 409) await assertShown(document, '/admin/reload', response)
      await assertDescribed(document, '/admin/reload', response)
    }
    rmSync(MODEL)
    const failed = await reload()
    assert.deepEqual([failed.status, await codeOf(failed)], [500, 'reload_failed'])
    await assertDescribed(document, '/admin/reload', failed)
  })
})

/** A picture that makes the fake worker do what its first byte says. */
async function order (code: number): Promise<Buffer> {
  return await sharp({ create: { width: 32, height: 32, channels: 3, background: { r: code, g: 0, b: 0 } } }).png().toBuffer()
}
