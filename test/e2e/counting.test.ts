import assert from 'node:assert/strict'
import { once } from 'node:events'
import { rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import sharp from 'sharp'
import { outcomesOf } from '../../verify/harness/outcomes.js'
import { CAT } from '../support/cat.js'
import { countingApp, countingServer, exchange, open } from '../support/counting.js'
import { tempFolder } from '../support/temp-folder.js'
import { until } from '../support/until.js'

/* Whatever is sent: one outcome more of requests, and one of each image that was read. */

/** A picture that makes the fake worker do what its first byte says. */
const order = (red: number): Promise<Buffer> =>
  sharp({ create: { width: 32, height: 32, channels: 3, background: { r: red, g: 0, b: 0 } } }).png().toBuffer()

const HOST = 'host: x\r\n'
const head = (headers: string, method = 'POST', path = '/classify'): string => `${method} ${path} HTTP/1.1\r\n${HOST}${headers}\r\n\r\n`
const sized = (type: string, body: string | Buffer, length = body.length): Buffer =>
  Buffer.concat([Buffer.from(head(`content-type: ${type}\r\ncontent-length: ${length}`)), Buffer.from(body)])
const json = (...images: unknown[]): Buffer => sized('application/json', JSON.stringify({ images }))
const base64 = CAT.toString('base64')
const FORM = 'multipart/form-data; boundary=x'
const part = Buffer.concat([Buffer.from('--x\r\ncontent-disposition: form-data; name="a"; filename="a"\r\n\r\n'), CAT, Buffer.from('\r\n')])
const form = (...pieces: Array<string | Buffer>): Buffer => Buffer.concat(pieces.map((piece) => Buffer.from(piece)))
const chunk = (text: string): string => `${text.length.toString(16)}\r\n${text}\r\n`
const chunked = (type: string, ...chunks: string[]): string => head(`content-type: ${type}\r\ntransfer-encoding: chunked`) + chunks.join('')
const large = await sharp({ create: { width: 400, height: 400, channels: 3, background: 'red' } }).png().toBuffer()

test('every request that is answered, and every image that was read, has one outcome', async (t) => {
  const counted = await countingApp(t, {
    MAX_IMAGES_PER_REQUEST: '3',
    MAX_IMAGE_BYTES: '100000',
    MAX_REQUEST_BYTES: '600000',
    MAX_IMAGE_PIXELS: '140000',
    MAX_BYTES_IN_FLIGHT: '1048576'
  })
  const { server } = counted
  for (const [name, bytes, requests, images] of [
    ['a photo', sized('image/jpeg', CAT), { ok: 1 }, { ok: 1 }],
    ['three, one of which is none', json(base64, 17, base64), { ok: 1 }, { ok: 2, malformed_body: 1 }],
    ['a form', sized(FORM, form(part, part, '--x--\r\n')), { ok: 1 }, { ok: 2 }],
    ['no body', head('content-length: 0'), { no_image: 1 }],
    ['a form without a file', sized(FORM, '--x--\r\n'), { no_image: 1 }],
    ['a wrong query', head('content-length: 9', 'POST', '/classify?topK=0'), { invalid_query: 1 }],
    ['a wrong header', head('content-length: 9\r\nx-request-timeout-ms: soon'), { invalid_header: 1 }],
    ['another type', sized('text/html', 'abc'), { unsupported_media_type: 1 }],
    ['another format', sized('image/jpeg', 'abc'), { unsupported_image_format: 1 }, { unsupported_image_format: 1 }],
    ['HEIC', sized('image/heic', '\0\0\0\x18ftypheic\0\0\0\0mif1heic'), { heic_not_supported: 1 }, { heic_not_supported: 1 }],
    ['half a photo', sized('image/jpeg', CAT.subarray(0, 300)), { undecodable_image: 1 }, { undecodable_image: 1 }],
    ['too many pixels', sized('image/png', large), { image_too_many_pixels: 1 }, { image_too_many_pixels: 1 }],
    ['too many bytes', head('content-type: image/jpeg\r\ncontent-length: 100001'), { image_too_large: 1 }],
    ['too many bytes in all', head('content-type: application/json\r\ncontent-length: 600001'), { request_too_large: 1 }],
    ['one image too many in JSON', json(base64, base64, base64, base64), { too_many_images: 1 }, { too_many_images: 3 }],
    ['one image too many in a form', sized(FORM, form(part, part, part, part, '--x--\r\n')), { too_many_images: 1 },
      { too_many_images: 3 }],
    ['JSON that breaks off after two images', sized('application/json', `{"images":["${base64}","${base64}"`), { malformed_body: 1 },
      { malformed_body: 2 }],
    ['a form that breaks off in its second file', sized(FORM, form(part, part.subarray(0, 500))), { malformed_body: 1 },
      { malformed_body: 1 }],
    ['JSON whose second list counts', sized('application/json', `{"images":["${base64}"],"images":["${base64}"]}`), { ok: 1 }, { ok: 1 }],
    ['a deadline while images are read', chunked('application/json', chunk(`{"images":["${base64}","`)).replace(HOST,
      `${HOST}x-request-timeout-ms: 200\r\n`), { deadline_exceeded: 1 }, { deadline_exceeded: 1 }],
    ['an unknown address', head('', 'GET', '/nothing'), { not_found: 1 }],
    ['an unknown method', head('', 'PROPFIND'), { method_not_allowed: 1 }],
    ['another method', head('', 'GET'), { method_not_allowed: 1 }],
    ['a broken address', head('', 'GET', '/%zz'), { malformed_request: 1 }],
    ['an address of another host', head('', 'GET', 'http://elsewhere/'), { ok: 1 }],
    ['CONNECT', 'CONNECT elsewhere:80 HTTP/1.1\r\nhost: elsewhere\r\n\r\n', { method_not_allowed: 1 }],
    ['an unknown expectation', Buffer.from(sized('image/jpeg', CAT).toString('latin1').replace(HOST, `${HOST}expect: more\r\n`), 'latin1'),
      { ok: 1 }, { ok: 1 }],
    ['no Host', 'GET /livez HTTP/1.1\r\n\r\n', { malformed_request: 1 }],
    ['no Host, of HTTP/1.0', 'GET /livez HTTP/1.0\r\n\r\n', { ok: 1 }],
    ['rubbish', 'rubbish\r\n\r\n', { malformed_request: 1 }],
    ['rubbish, and more of it', 'rubbish\r\n\r\n'.repeat(10_000), { malformed_request: 1 }],
    ['headers without end', `GET / HTTP/1.1\r\n${HOST}long: ${'a'.repeat(20_000)}`, { headers_too_large: 1 }],
    ['HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', { malformed_request: 1 }],
    ['a body whose first chunk is none', chunked('application/json', 'zz\r\n'), { malformed_request: 1 }],
    ['a body that breaks off while its request is refused', chunked('text/html', 'zz\r\n'), { malformed_request: 1 }],
    ['a body whose chunks break off', chunked('application/json', chunk(`{"images":["${base64}","`), 'zz\r\n'), { malformed_request: 1 },
      { client_closed_request: 1 }]
  ] as ReadonlyArray<readonly [string, string | Buffer, Record<string, number>, Record<string, number>?]>) {
    await t.test(name, async () => {
      await counted.gains(async () => {
        const [expected = ''] = Object.keys(requests)
        assert.match(await exchange(server, bytes), expected === 'ok' ? /HTTP\/1\.1 200 / : new RegExp(`"code":"${expected}"`))
      }, requests, images)
    })
  }

  await t.test('rubbish after two requests is answered after them', async () => {
    await counted.gains(async () => {
      const pipelined = Buffer.concat([sized('image/jpeg', CAT), Buffer.from(head('', 'GET', '/nothing') + 'rubbish\r\n\r\n')])
      const statuses = (await exchange(server, pipelined, 3)).match(/HTTP\/1\.1 \d+/g)
      assert.deepEqual(statuses, ['HTTP/1.1 200', 'HTTP/1.1 404', 'HTTP/1.1 400'])
    }, { ok: 1, not_found: 1, malformed_request: 1 }, { ok: 1 })
  })

  await t.test('a request that is refused before its body breaks off', async () => {
    await counted.gains(async () => {
      const socket = await open(server)
      socket.write(chunked('text/html'))
      await once(socket, 'data')
      socket.write('zz\r\n')
      await once(socket.resume(), 'close')
    }, { unsupported_media_type: 1 })
  })

  await t.test('a client that goes while its images are read', async () => {
    await counted.gains(async () => {
      const socket = await open(server)
      socket.write(chunked('application/json', chunk(`{"images":["${base64}","`)))
      await counted.until((value) => value('xception_requests_in_flight{route="/classify"}') === 1)
      // As long as the server has not read it, it is no image.
      await new Promise((resolve) => setImmediate(resolve))
      await exchange(server, head('', 'GET', '/livez'))
      socket.destroy()
    }, { client_closed_request: 1, ok: 1 }, { client_closed_request: 1 })
  })

  await t.test('the bytes of others leave no room', async () => {
    await counted.gains(async () => {
      const sockets = await Promise.all([1, 2].map(async () => await open(server)))
      for (const socket of sockets) socket.write(head('content-type: application/json\r\ncontent-length: 524288'))
      await counted.until((value) => value('xception_bytes_in_flight') === 2 ** 20)
      assert.match(await exchange(server, sized('image/jpeg', CAT)), /"code":"overloaded"/)
      for (const socket of sockets) socket.destroy()
    }, { client_closed_request: 2, overloaded: 1 })
  })
})

suite('refusals before admission', () => {
  test('a full queue, and a client that goes while it waits', async (t) => {
    const counted = await countingApp(t, { QUEUE_SIZE: '1', MAX_BATCH_SIZE: '1', MAX_IMAGES_PER_REQUEST: '1', BATCH_DELAY_MS: '60000' })
    await counted.gains(async () => {
      const stalled = await open(counted.server)
      stalled.write(sized('image/jpeg', '', 1000))
      await counted.until((value) => value('xception_queue_length') === 1)
      assert.match(await exchange(counted.server, sized('image/jpeg', CAT)), /"code":"queue_full"/)
      stalled.destroy()
    }, { queue_full: 1, client_closed_request: 1 })
  })

  test('no worker to take it', async (t) => {
    const counted = await countingApp(t, {}, 'misbehaving')
    const refusal = join(tmpdir(), `xception-no-worker-${counted.server.pid}`)
    t.after(() => { rmSync(refusal, { force: true }) })
    const stops = await open(counted.server)
    stops.write(json((await order(4)).toString('base64')))
    await counted.until((value) => value('xception_workers{state="ready"}') === 0)
    const refused = await exchange(counted.server, sized('image/jpeg', CAT))
    assert.match(refused, /"code":"not_ready"/)
    await counted.until((value) => value('xception_requests_total{route="/classify",outcome="not_ready",status="503"}') === 1)
    assert.deepEqual(outcomesOf(await counted.read(), 'xception_images_total'), {})
    stops.destroy()
  })

  test('a service that is shutting down', async (t) => {
    const counted = await countingServer(t)
    const [stalled, late] = [await open(counted.server), await open(counted.server)]
    stalled.write(sized('image/jpeg', '', 1000))
    late.write(head('', 'GET', '/livez'))
    await once(late, 'data')
    // What has begun to come when the service closes is answered.
    late.write('POST /classify HTTP/1.1\r\n')
    await counted.until((value) => value('xception_queue_length') === 1)
    await counted.read()
    const ended = counted.server.stop()
    await until('"closing" in the log', () => counted.server.log.some((line) => line.includes('"closing"')))
    const answer = once(late, 'data')
    late.write(`${HOST}content-length: 9\r\n\r\n`)
    assert.match(String(await answer), /"code":"shutting_down"/)
    await counted.until((value) => value('xception_requests_total{route="/classify",outcome="shutting_down",status="503"}') === 1)
    stalled.destroy()
    late.destroy()
    assert.equal(await ended, 0)
  })

  test('headers that do not come', async (t) => {
    const counted = await countingApp(t, { REQUEST_TIMEOUT_MS: '100' })
    await counted.gains(async () => {
      assert.match(await exchange(counted.server, 'GET / HTTP/1.1\r\nhost'), /"code":"request_timeout"/)
    }, { request_timeout: 1 })
  })

  test('no key', async (t) => {
    const folder = tempFolder(t)
    writeFileSync(join(folder, 'keys'), `anna ${'0'.repeat(64)}`)
    const counted = await countingApp(t, { API_KEYS_FILE: join(folder, 'keys') })
    await counted.gains(async () => {
      assert.match(await exchange(counted.server, sized('image/jpeg', CAT)), /"code":"unauthorized"/)
    }, { unauthorized: 1 })
  })

  test('too many requests', async (t) => {
    const counted = await countingApp(t, { RATE_LIMIT: '1' })
    await counted.gains(async () => {
      await exchange(counted.server, head('', 'GET', '/'))
      assert.match(await exchange(counted.server, head('', 'GET', '/')), /"code":"rate_limited"/)
    }, { ok: 1, rate_limited: 1 })
  })
})

test('an image that breaks the engine, and the neighbour that does not', async (t) => {
  const counted = await countingApp(t, {}, 'misbehaving')
  const [good, bad] = await Promise.all([0, 1].map(async (red) => (await order(red)).toString('base64')))
  await counted.gains(() => exchange(counted.server, json(good, bad)), { ok: 1 }, { ok: 1, inference_failed: 1 })
  await counted.until((value) => value('xception_workers{state="ready"}') === 1)
  await counted.gains(() => exchange(counted.server, json(bad)), { inference_failed: 1 }, { inference_failed: 1 })
})

test('reloads, those that are refused included', async (t) => {
  const folder = tempFolder(t)
  const model = join(folder, 'model')
  symlinkSync(new URL('../../../models/xception-cifar10', import.meta.url).pathname, model)
  const counted = await countingApp(t, { MODEL: model })
  const reload = async (): Promise<Response> => await fetch(`${counted.admin}/admin/reload`, { method: 'POST' })
  await counted.gains(reload, { ok: 1 })
  await counted.gains(async () => { await Promise.all([reload(), reload()]) }, { ok: 1, reload_in_progress: 1 })
  rmSync(model)
  await counted.gains(reload, { reload_failed: 1 })
})

test('the gauges tell what the service does', async (t) => {
  const counted = await countingApp(t, { ENGINE_WORKERS: '2', BATCH_DELAY_MS: '60000', MAX_BATCH_SIZE: '2' })
  const idle = await counted.read()
  const value = (name: string): number | undefined => idle.get(name)
  assert.deepEqual(['ready', 'starting'].map((state) => value(`xception_workers{state="${state}"}`)), [2, 0])
  assert.deepEqual(['running', 'waiting'].map((state) => value(`xception_decodes{state="${state}"}`)), [0, 0])
  assert.equal(value('xception_running_batch_age_seconds'), 0)
  assert.equal(value('xception_connections{listener="admin"}'), 1)
  const connections = value('xception_connections{listener="main"}') ?? 0
  const holds = (more: number) => (gauge: (name: string) => number): boolean =>
    gauge('xception_images_in_flight') === more && gauge('xception_connections{listener="main"}') === connections + more
  const socket = await open(counted.server)
  socket.write(sized('image/jpeg', CAT))
  await counted.until(holds(1))
  socket.destroy()
  await counted.until(holds(0))
})
