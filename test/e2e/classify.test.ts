import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { request } from 'node:http'
import { suite, test } from 'node:test'
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib'
import sharp from 'sharp'
import { startApp, suiteApp } from '../support/app.js'
import { CAT } from '../support/cat.js'
import { cifar10Accuracy } from '../support/cifar10.js'
import { withoutShared } from '../support/shared.js'
import { until } from '../support/until.js'

interface Reply {
  model: { name: string, version: string, backend: string, precision: string }
  results: Array<{ predictions?: Array<{ label: string, classId: number, probability: number }>, error?: { code: string, status: number } }>
  timings: { decodeMs: number, queueMs: number, inferenceMs: number, batchSize: number }
}

const server = suiteApp({ MAX_IMAGES_PER_REQUEST: '4', MAX_IMAGE_BYTES: '200000', MAX_IMAGE_PIXELS: '1000000' }, 'real')

const post = (body: Uint8Array<ArrayBuffer> | string | FormData, type?: string, query = ''): Promise<Response> =>
  fetch(`${server.url}/classify${query}`, { method: 'POST', body, ...(type === undefined ? {} : { headers: { 'content-type': type } }) })

const bytes = (buffer: Uint8Array): Uint8Array<ArrayBuffer> => new Uint8Array(buffer)

const form = (...files: Uint8Array[]): FormData => {
  const data = new FormData()
  files.forEach((file, index) => { data.append(`any-${index}`, new Blob([bytes(file)]), `file-${index}`) })
  return data
}

const labelOf = async (response: Response): Promise<string | undefined> => {
  assert.equal(response.status, 200)
  return ((await response.json()) as Reply).results[0]?.predictions?.[0]?.label
}

test('a multipart upload is answered with labels and probabilities', async () => {
  const response = await post(form(CAT))
  const reply = await response.json() as Reply
  assert.deepEqual(reply.model, { name: 'xception-cifar10', version: '1', backend: 'cpu', precision: 'float32' })
  const predictions = reply.results[0]?.predictions ?? []
  assert.equal(predictions.length, 5)
  assert.equal(predictions[0]?.label, 'cat')
  assert.equal(predictions[0]?.classId, 3)
  assert.deepEqual(predictions.map((p) => p.probability), predictions.map((p) => p.probability).sort((a, b) => b - a))
  assert.equal(reply.timings.batchSize, 1)
  assert.match(response.headers.get('x-request-id') ?? '', /^[\w-]{36}$/)
})

test('raw bodies and JSON carry the same photo', async () => {
  assert.equal(await labelOf(await post(bytes(CAT), 'image/jpeg')), 'cat')
  assert.equal(await labelOf(await post(bytes(CAT), 'application/octet-stream')), 'cat')
  assert.equal(await labelOf(await post(bytes(CAT), 'image/png')), 'cat', 'the content counts, not the declared type')
  const base64 = CAT.toString('base64')
  assert.equal(await labelOf(await post(JSON.stringify({ images: [base64] }), 'application/json')), 'cat')
  assert.equal(await labelOf(await post(JSON.stringify({ images: [`data:image/jpeg;base64,${base64}`] }), 'application/json')), 'cat')
})

test('JSON is taken under each of its names, with a byte order mark and with data URLs of any spelling', async () => {
  const base64 = CAT.toString('base64')
  const json = JSON.stringify({ images: [base64] })
  for (const type of ['text/json', 'application/vnd.api+json; charset=utf-8', 'Application/JSON', 'application/octet-stream']) {
    assert.equal(await labelOf(await post(`\ufeff${json}`, type)), 'cat', type)
  }
  const url = `data:image/jpeg;base64,${base64}`
  for (const spelled of [url.replace(/^.*,/, (head) => head.toUpperCase()), ` \n${url}`, encodeURIComponent(url)]) {
    assert.equal(await labelOf(await post(JSON.stringify({ images: [spelled] }), 'application/json')), 'cat', spelled.slice(0, 30))
  }
})

test('every format', async () => {
  const photo = sharp(CAT).resize(200, 200)
  for (const encoded of [photo.clone().png(), photo.clone().webp(), photo.clone().gif(), photo.clone().avif(), photo.clone().tiff()]) {
    assert.equal(await labelOf(await post(form(await encoded.toBuffer()))), 'cat')
  }
})

test('of many images each has its own result, in upload order', async () => {
  const response = await post(form(CAT, Buffer.from('no image'), CAT), undefined, '?topK=1')
  const { results } = await response.json() as Reply
  assert.equal(response.status, 200)
  assert.deepEqual(results.map((result) => result.predictions?.length ?? result.error?.code), [1, 'unsupported_image_format', 1])
})

test('of a form each picture has its result, whatever its part says, and nothing else has one', async () => {
  const part = (headers: string, content: Buffer | string): Buffer => Buffer.concat([
    Buffer.from(`--x\r\n${headers}\r\n\r\n`), Buffer.from(content), Buffer.from('\r\n')
  ])
  const body = Buffer.concat([
    part('Content-Disposition: form-data; name="a"\r\nContent-Type: image/jpeg', CAT),
    part('Content-Disposition: form-data; name="meta"\r\nContent-Type: application/json', '{"a":1}'),
    part('Content-Disposition: attachment; filename="b.jpg"\r\nContent-Transfer-Encoding: base64', CAT.toString('base64')),
    part('Content-Disposition: form-data; name="unused"; filename=""\r\nContent-Type: application/octet-stream', ''),
    part('Content-Type: image/jpeg\r\nContent-Transfer-Encoding: quoted-printable', '=FF'),
    part('Content-Disposition: form-data; name="c"; filename="c.jpg"', CAT),
    Buffer.from('--x--')
  ])
  const { results } = await (await post(bytes(body), 'multipart/form-data; boundary="x"', '?topK=1')).json() as Reply
  assert.deepEqual(results.map((result) => result.predictions?.[0]?.label ?? result.error?.code), [
    'cat', 'cat', 'unsupported_content_encoding', 'cat'
  ])
})

suite('a compressed body', () => {
  const send = (body: Uint8Array, encoding: string, type = 'image/jpeg'): Promise<Response> => (
    fetch(`${server.url}/classify`, { method: 'POST', body: bytes(body), headers: { 'content-type': type, 'content-encoding': encoding } })
  )

  test('is what it holds', async () => {
    const encoded: ReadonlyArray<readonly [string, Uint8Array, string?]> = [
      ['gzip', gzipSync(CAT)],
      ['X-Gzip', gzipSync(CAT), 'application/octet-stream'],
      ['deflate', deflateSync(CAT)],
      ['deflate', deflateRawSync(CAT)],
      ['br', brotliCompressSync(CAT)],
      ['deflate, gzip', gzipSync(deflateSync(CAT))], ['identity', CAT],
      ['gzip', gzipSync(JSON.stringify({ images: [CAT.toString('base64')] })), 'application/json']
    ]
    for (const [encoding, body, type] of encoded) assert.equal(await labelOf(await send(body, encoding, type)), 'cat', encoding)
    const whole = new Response(form(CAT))
    assert.equal(await labelOf(await send(gzipSync(await whole.arrayBuffer()), 'gzip', whole.headers.get('content-type') ?? '')), 'cat')
  })

  test('is refused if it is of another kind, broken, or large inside', async () => {
    const bomb = gzipSync(gzipSync(Buffer.alloc(50_000_000)))
    for (const [encoding, body, ...expected] of [
      ['compress', CAT, 415, 'unsupported_content_encoding'],
      ['gzip', CAT, 400, 'malformed_body'],
      ['br', brotliCompressSync(CAT).subarray(0, 1000), 400, 'malformed_body'],
      ['gzip', gzipSync(Buffer.alloc(200_001)), 413, 'image_too_large'],
      ['gzip, gzip', bomb, 413, 'image_too_large']
    ] as const) {
      const response = await send(body, encoding)
      assert.deepEqual([response.status, (await response.json() as { code: string }).code], expected)
    }
  })
})

suite('errors', () => {
  const heic = Buffer.concat([Buffer.from([0, 0, 0, 24]), Buffer.from('ftypheic'), Buffer.alloc(12)])
  const cases: Array<[name: string, status: number, code: string, send: () => Promise<Response>]> = [
    ['no body', 400, 'no_image', () => fetch(`${server.url}/classify`, { method: 'POST' })],
    ['an empty form', 400, 'no_image', () => post(form())],
    ['an empty list', 400, 'no_image', () => post('{"images":[]}', 'application/json')],
    ['broken JSON', 400, 'malformed_body', () => post('{', 'application/json')],
    ['other JSON', 400, 'malformed_body', () => post('{"image":1}', 'application/json')],
    ['broken base64', 400, 'malformed_body', () => post('{"images":["§§§§"]}', 'application/json')],
    ['a broken form', 400, 'malformed_body', () => post('rubbish', 'multipart/form-data; boundary=x')],
    ['a form without a boundary', 400, 'malformed_body', () => post('rubbish', 'multipart/form-data')],
    ['a wrong topK', 400, 'invalid_query', () => post(form(CAT), undefined, '?topK=11')],
    ['a topK that is no number', 400, 'invalid_query', () => post(form(CAT), undefined, '?topK=all')],
    ['too many bytes in a form', 413, 'image_too_large', () => post(form(Buffer.alloc(200_001)))],
    ['too many bytes in a body', 413, 'image_too_large', () => post(new Uint8Array(200_001), 'image/png')],
    ['too many pixels', 413, 'image_too_many_pixels', async () => post(form(await redPicture(1001, 1000)))],
    ['too many images', 413, 'too_many_images', () => post(form(CAT, CAT, CAT, CAT, CAT))],
    ['another content type', 415, 'unsupported_media_type', () => post('text', 'text/plain')],
    ['another format', 415, 'unsupported_image_format', () => post(form(Buffer.from('%PDF-1.7')))],
    ['HEIC', 415, 'heic_not_supported', () => post(form(heic))],
    ['half a photo', 422, 'undecodable_image', () => post(form(CAT.subarray(0, CAT.length / 4)))],
    ['an unknown address', 404, 'not_found', () => fetch(`${server.url}/nothing`)],
    ['another method', 405, 'method_not_allowed', () => fetch(`${server.url}/classify`)]
  ]
  for (const [name, status, code, send] of cases) {
    test(name, async () => {
      const response = await send()
      const problem = await response.json() as { code: string, status: number, title: string, detail: string }
      assert.deepEqual([response.status, problem.code, problem.status], [status, code, status])
      assert.match(response.headers.get('content-type') ?? '', /^application\/problem\+json/)
      assert.ok(problem.title.length > 0 && problem.detail.length > 0)
    })
  }
})

test('a request of many images warns of nothing', async (t) => {
  const app = await startApp(t)
  const warnings: Error[] = []
  const onWarning = (warning: Error): void => { warnings.push(warning) }
  process.on('warning', onWarning)
  t.after(() => { process.off('warning', onWarning) })
  const response = await fetch(`${app.url}/classify`, { method: 'POST', body: form(...Array.from({ length: 32 }, () => CAT)) })
  assert.equal(((await response.json()) as Reply).results.length, 32)
  await app.close()
  assert.deepEqual(warnings, [])
})

test('with listErrors one image that fails is answered like one of many', async () => {
  const response = await post(form(Buffer.from('no image')), undefined, '?listErrors=true')
  assert.equal(response.status, 200)
  const { results } = await response.json() as Reply
  assert.deepEqual(results.map(({ error }) => error?.code), ['unsupported_image_format'])
  assert.equal((await post(form(Buffer.from('no image')), undefined, '?listErrors=false')).status, 415)
  assert.equal((await post(form(CAT), undefined, '?listErrors=yes')).status, 400)
})

test('concurrent requests share batches', async () => {
  const replies = await Promise.all(Array.from({ length: 24 }, async () => await (await post(form(CAT))).json() as Reply))
  assert.ok(replies.every((reply) => reply.results[0]?.predictions?.[0]?.label === 'cat'))
  assert.ok(replies.some((reply) => reply.timings.batchSize > 1))
})

test('a client that hangs up disturbs nobody, and is no fault of the service', async () => {
  const withStatus = (status: number): number => {
    return server.log.filter((line) => line.includes('"route":"/classify"') && line.includes(`"status":${status}`)).length
  }
  for (const [type, bytes] of [['image/jpeg', 1000], ['image/jpeg', CAT.length], ['multipart/form-data; boundary=x', 1000]] as const) {
    const before = withStatus(499)
    // The length promises more than is sent, so that the server still waits when the client goes.
    const headers = { 'content-type': type, 'content-length': CAT.length + 1, expect: '100-continue' }
    const hanging = request(`${server.url}/classify`, { method: 'POST', agent: false, headers })
    hanging.on('error', () => {})
    hanging.flushHeaders()
    // The server has the request once it asks for the body.
    await once(hanging, 'continue')
    hanging.write(CAT.subarray(0, bytes), () => { hanging.destroy() })
    await until('a request that is counted as closed', () => withStatus(499) > before)
  }
  assert.equal(withStatus(500), 0)
  assert.equal(await labelOf(await post(form(CAT))), 'cat')
})

test('the metrics are what Prometheus expects', async (t) => {
  const metrics = await (await fetch(`${server.url}/metrics`)).text()
  assert.match(metrics, /xception_predictions_total\{label="cat"\} \d+/)
  assert.match(metrics, /xception_images_total\{outcome="heic_not_supported"\} 1/)
  const labels = 'name="xception-cifar10",version="1",backend="cpu",precision="float32",tensorflow_version="2.21.0"'
  assert.ok(metrics.includes(`xception_model_info{${labels}} 1\n`))
  assert.match(metrics, /xception_images_in_flight 0/)
  assert.match(metrics, /xception_queue_length 0/)
  try {
    execFileSync('promtool', ['--version'], { stdio: 'ignore' })
  } catch {
    return t.skip('promtool is not installed')
  }
  execFileSync('promtool', ['check', 'metrics'], { input: metrics })
})

test('the reference accuracy through POST /classify', { skip: withoutShared }, async () => {
  const accuracy = await cifar10Accuracy(server.url)
  assert.ok(Math.abs(accuracy - 0.896) <= 0.003, `accuracy ${accuracy}`)
})

async function redPicture (width: number, height: number): Promise<Buffer> {
  return await sharp({ create: { width, height, channels: 3, background: 'red' } }).png().toBuffer()
}

test('a crop is answered as the part alone', async () => {
  const probabilities = async (response: Response): Promise<number[]> => {
    assert.equal(response.status, 200)
    return ((await response.json()) as Reply).results[0]!.predictions!.map(({ probability }) => probability)
  }
  const part = await sharp(CAT).extract({ left: 82, top: 49, width: 156, height: 130 }).png().toBuffer()
  const alone = await probabilities(await post(bytes(part), 'image/png', '?topK=10'))
  assert.deepEqual(await probabilities(await post(bytes(CAT), 'image/jpeg', '?topK=10&crop=100,64,120,100&cropScale=1.3')), alone)
  assert.notDeepEqual(await probabilities(await post(bytes(CAT), 'image/jpeg', '?topK=10')), alone)
  const drawn = await fetch(`${server.url}/classify?explain=true&crop=82,49,156,130`, {
    method: 'POST', body: bytes(CAT), headers: { 'content-type': 'image/jpeg', accept: 'image/png' }
  })
  const { width, height } = await sharp(Buffer.from(await drawn.arrayBuffer())).metadata()
  assert.deepEqual([width, height], [156, 130])
})

for (const [query, code] of Object.entries({
  'crop=1,2,3': 'invalid_query',
  'crop=1,2,3,0': 'invalid_query',
  'crop=1,2,-3,4': 'invalid_query',
  'crop=1,2,3,4,5': 'invalid_query',
  'crop=1,2,3,NaN': 'invalid_query',
  'crop=1,2,3,1e9': 'invalid_query',
  'crop=': 'invalid_query',
  'crop=1,2,30,40&cropScale=0': 'invalid_query',
  'crop=1,2,30,40&cropScale=11': 'invalid_query',
  'crop=1,2,30,40&cropScale=large': 'invalid_query',
  'crop=1,2,30,40&crop=1,2,30,40': 'invalid_query',
  'cropScale=1.3': 'invalid_query',
  'crop=451,0,10,10': 'crop_outside_image'
})) {
  test(`?${query} is 400 ${code}`, async () => {
    const response = await post(bytes(CAT), 'image/jpeg', `?${query}`)
    assert.deepEqual([response.status, ((await response.json()) as { code: string }).code], [400, code])
  })
}
