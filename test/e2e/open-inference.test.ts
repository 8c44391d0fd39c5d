import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { deflateSync, gzipSync } from 'node:zlib'
import { CAT } from '../support/cat.js'
import { suiteApp } from '../support/app.js'
import { anyPixels, classified, nested, pngOf, rescaled } from '../support/tensors.js'

const SIDE = 32
const MODEL = '/v2/models/xception-cifar10'
const MAX_REQUEST_BYTES = 2_000_000

interface Tensor { name: string, datatype: string, shape: number[], data?: unknown[], parameters?: { binary_data_size: number } }
interface InferReply { model_name: string, model_version: string, id?: string, outputs: Tensor[] }
interface Refusal { error: string, code: string }

const limits = { MAX_IMAGES_PER_REQUEST: '4', MAX_IMAGE_BYTES: '200000', MAX_REQUEST_BYTES: String(MAX_REQUEST_BYTES) }
const server = suiteApp(limits, 'real')
const warnings: Error[] = []
process.on('warning', (warning) => { warnings.push(warning) })

async function ask (path: string, body?: object | Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}): Promise<Response> {
  if (body === undefined) return await fetch(`${server.url}${path}`)
  return await fetch(`${server.url}${path}`, { method: 'POST', body: body instanceof Uint8Array ? body : JSON.stringify(body), headers })
}

async function refused (response: Response): Promise<[status: number, code: string]> {
  const { error, code } = await response.json() as Refusal
  assert.equal(typeof error, 'string')
  assert.match(response.headers.get('content-type') ?? '', /^application\/json/)
  return [response.status, code]
}

/** Outputs of a request as JSON, by name. */
async function infer (body: object): Promise<Record<string, Tensor>> {
  const response = await ask(`${MODEL}/infer`, body)
  assert.equal(response.status, 200, await response.clone().text())
  const { outputs } = await response.json() as InferReply
  return Object.fromEntries(outputs.map((output) => [output.name, output]))
}

const image = (...files: Uint8Array[]): object => ({
  name: 'image', datatype: 'BYTES', shape: [files.length], data: files.map((file) => Buffer.from(file).toString('base64'))
})

/** A request as the binary extension has it. */
function binary (request: object, ...tensors: Uint8Array[]): { body: Uint8Array<ArrayBuffer>, headers: Record<string, string> } {
  const json = Buffer.from(JSON.stringify(request))
  return { body: new Uint8Array(Buffer.concat([json, ...tensors])), headers: { 'inference-header-content-length': String(json.length) } }
}

function withLength (file: Uint8Array): Buffer {
  const length = Buffer.alloc(4)
  length.writeUInt32LE(file.length)
  return Buffer.concat([length, file])
}

const bytesOf = (values: Float32Array): Uint8Array => new Uint8Array(values.buffer)

suite('what the service is and has', () => {
  test('the server, its health and its model', async () => {
    const { name, extensions } = await (await ask('/v2')).json() as { name: string, extensions: string[] }
    assert.deepEqual([name, extensions], ['xception-serve', ['binary_tensor_data', 'classification']])
    assert.deepEqual(await (await ask('/v2/health/live')).json(), { live: true })
    assert.deepEqual(await (await ask('/v2/health/ready')).json(), { ready: true })
    for (const path of [`${MODEL}/ready`, `${MODEL}/versions/1/ready`]) {
      assert.deepEqual(await (await ask(path)).json(), { name: 'xception-cifar10', ready: true })
    }
    for (const path of [MODEL, `${MODEL}/versions/1`]) {
      assert.deepEqual(await (await ask(path)).json(), {
        name: 'xception-cifar10',
        versions: ['1'],
        platform: 'tensorflow_savedmodel',
        inputs: [{ name: 'image', datatype: 'BYTES', shape: [-1] }, { name: 'pixels', datatype: 'UINT8', shape: [-1, SIDE, SIDE, 3] }],
        outputs: [
          { name: 'probabilities', datatype: 'FP32', shape: [-1, 10] },
          { name: 'features', datatype: 'FP32', shape: [-1, 512] },
          { name: 'feature_map', datatype: 'FP32', shape: [-1, 4, 4, 512] },
          { name: 'maps', datatype: 'FP32', shape: [-1, 4, 4, 10] }
        ]
      })
    }
  })

  test('every address below /v2 is refused in the protocol\'s shape', async () => {
    for (const path of ['/v2/models/other', `${MODEL}/versions/2`, '/v2/models/other/ready', '/v2/models/other/versions/1']) {
      assert.deepEqual(await refused(await ask(path)), [404, 'model_not_found'])
    }
    assert.deepEqual(await refused(await ask('/v2/models/other/infer', {})), [404, 'model_not_found'])
    assert.deepEqual(await refused(await ask('/v2/nothing')), [404, 'not_found'])
    assert.deepEqual(await refused(await ask(`${MODEL}/config`)), [404, 'not_found'])
    assert.deepEqual(await refused(await ask('/v2/%ff')), [400, 'malformed_request'])
    const wrongMethod = await ask(`${MODEL}/infer`)
    assert.equal(wrongMethod.headers.get('allow'), 'POST, OPTIONS')
    assert.deepEqual(await refused(wrongMethod), [405, 'method_not_allowed'])
  })
})

suite('probabilities are those of POST /classify', () => {
  test('image files, as JSON and as binary data', async () => {
    const expected = await classified(server.url, [CAT])
    const { probabilities } = await infer({ id: 'a', inputs: [image(CAT)] })
    assert.deepEqual(probabilities, { name: 'probabilities', datatype: 'FP32', shape: [1, 10], data: expected.flat() })

    const input = { name: 'image', datatype: 'BYTES', shape: [2, 1], parameters: { binary_data_size: 2 * (CAT.length + 4) } }
    const { body, headers } = binary({ inputs: [input] }, withLength(CAT), withLength(CAT))
    const reply = await (await ask(`${MODEL}/infer`, body, headers)).json() as InferReply
    assert.deepEqual(reply.outputs[0]?.data, [expected, expected].flat(2))
  })

  test('pixels, flat and nested, as UINT8 and FP32, as JSON and as binary data', async () => {
    const pictures = [anyPixels(SIDE), anyPixels(SIDE, 3)]
    const expected = (await classified(server.url, await Promise.all(pictures.map((pixels) => pngOf(pixels, SIDE))))).flat()
    const shape = [2, SIDE, SIDE, 3]
    const all = new Uint8Array(Buffer.concat(pictures))
    const close = (values: ArrayLike<number> | undefined): void => {
      assert.equal(values?.length, expected.length)
      expected.forEach((value, index) => { assert.ok(Math.abs(value - Number(values?.[index])) < 1e-6) })
    }
    for (const [datatype, values] of [['UINT8', all], ['FP32', rescaled(all)]] as const) {
      const described = { name: 'pixels', datatype, shape }
      for (const data of [Array.from(values), nested(values, shape)]) {
        close((await infer({ inputs: [{ ...described, data }] })).probabilities?.data as number[])
        close((await infer({ inputs: [{ data, ...described }] })).probabilities?.data as number[])
      }
      const bytes = values instanceof Uint8Array ? values : bytesOf(values)
      const { body, headers } = binary({ inputs: [{ ...described, parameters: { binary_data_size: bytes.length } }] }, bytes)
      close(((await (await ask(`${MODEL}/infer`, body, headers)).json() as InferReply).outputs[0]?.data) as number[])
    }
  })

  test('null for each member that may be missing', async () => {
    const expected = await classified(server.url, [CAT])
    const nulls = { id: null, parameters: null, outputs: null }
    const { probabilities } = await infer({ ...nulls, inputs: [{ ...image(CAT), parameters: null }] })
    assert.deepEqual(probabilities?.data, expected.flat())
    await infer({ inputs: [{ ...image(CAT), parameters: { binary_data_size: null } }], parameters: { binary_data_output: null } })
    const output = { name: 'probabilities', parameters: { classification: null, binary_data: null } }
    assert.equal((await infer({ inputs: [image(CAT)], outputs: [output] })).probabilities?.datatype, 'FP32')
    assert.equal((await infer({ inputs: [image(CAT)], outputs: [{ name: 'features', parameters: null }] })).features?.shape[0], 1)
    const input = { name: 'image', datatype: 'BYTES', shape: [1], parameters: { binary_data_size: CAT.length + 4 }, data: null }
    const { body, headers } = binary({ ...nulls, inputs: [input] }, withLength(CAT))
    const reply = await (await ask(`${MODEL}/infer`, body, headers)).json() as InferReply
    assert.deepEqual([reply.outputs[0]?.data, 'id' in reply], [expected.flat(), false])
    for (const inputs of [null, [null], [{ ...image(CAT), name: null }], [{ ...image(CAT), shape: [null] }]]) {
      assert.deepEqual(await refused(await ask(`${MODEL}/infer`, { inputs })), [400, 'malformed_body'])
    }
    assert.deepEqual(await refused(await ask(`${MODEL}/infer`, { inputs: [{ ...image(CAT), data: null }] })), [400, 'invalid_tensor'])
  })

  test('a raw binary request, which is one file without JSON and is answered so', async () => {
    const raw = { 'inference-header-content-length': '0' }
    for (const [body, headers] of [[CAT, raw], [gzipSync(CAT), { ...raw, 'content-encoding': 'gzip' }]] as const) {
      const response = await ask(`${MODEL}/infer`, new Uint8Array(body), headers)
      assert.equal(response.headers.get('content-type'), 'application/octet-stream')
      const reply = await response.arrayBuffer()
      const jsonBytes = Number(response.headers.get('inference-header-content-length'))
      const { outputs: [output] } = JSON.parse(Buffer.from(reply).toString('utf8', 0, jsonBytes)) as InferReply
      assert.deepEqual(output, { name: 'probabilities', datatype: 'FP32', shape: [1, 10], parameters: { binary_data_size: 40 } })
      assert.deepEqual([...new Float32Array(reply.slice(jsonBytes))], (await classified(server.url, [CAT])).flat())
    }
    for (const [body, ...expected] of [
      [new Uint8Array(), 400, 'no_image'],
      [new Uint8Array(SIDE * SIDE * 3), 415, 'unsupported_image_format'],
      [new Uint8Array(200_001), 413, 'image_too_large']
    ] as const) assert.deepEqual(await refused(await ask(`${MODEL}/infer`, body, raw)), expected)
  })

  test('a compressed body', async () => {
    const body = Buffer.from(JSON.stringify({ inputs: [image(CAT)] }))
    for (const [encoding, compressed] of [['gzip', gzipSync(body)], ['deflate', deflateSync(body)]] as const) {
      const response = await ask(`${MODEL}/infer`, new Uint8Array(compressed), { 'content-encoding': encoding })
      assert.equal(response.status, 200)
      await response.arrayBuffer()
    }
  })
})

suite('outputs', () => {
  test('only those that are asked for, each as asked for, with the request\'s id', async () => {
    const outputs = [
      { name: 'features' },
      { name: 'probabilities', parameters: { classification: 2, binary_data: true } },
      { name: 'feature_map', parameters: { binary_data: true } }
    ]
    const response = await ask(`${MODEL}/infer`, { id: 'mine', inputs: [image(CAT, CAT)], outputs })
    assert.equal(response.headers.get('content-type'), 'application/octet-stream')
    const body = Buffer.from(await response.arrayBuffer())
    assert.equal(response.headers.get('content-length'), String(body.length))
    const jsonBytes = Number(response.headers.get('inference-header-content-length'))
    const reply = JSON.parse(body.toString('utf8', 0, jsonBytes)) as InferReply
    assert.deepEqual([reply.id, reply.model_name, reply.model_version], ['mine', 'xception-cifar10', '1'])
    const [features, probabilities, featureMap] = reply.outputs
    assert.deepEqual([features?.shape, features?.data?.length], [[2, 512], 1024])
    const mapBytes = 2 * 4 * 4 * 512 * 4
    assert.deepEqual(featureMap, {
      name: 'feature_map', datatype: 'FP32', shape: [2, 4, 4, 512], parameters: { binary_data_size: mapBytes }
    })
    assert.deepEqual([probabilities?.datatype, probabilities?.shape], ['BYTES', [2, 2]])
    const text = body.subarray(jsonBytes + 4, jsonBytes + 4 + body.readUInt32LE(jsonBytes)).toString()
    assert.match(text, /^0\.91\d*:3:cat$/)
    assert.equal(body.length, jsonBytes + (probabilities?.parameters?.binary_data_size ?? 0) + mapBytes)
    // What is pooled is the mean over the positions of the map.
    const map = new Float32Array(new Uint8Array(body.subarray(-mapBytes)).buffer)
    const mean = Array.from({ length: 16 }, (_, position) => map[position * 512] ?? NaN).reduce((sum, value) => sum + value / 16, 0)
    assert.ok(Math.abs(mean - Number(features?.data?.[0])) < 1e-4)
  })

  test('more classes than there are give all', async () => {
    const { probabilities } = await infer({
      inputs: [image(CAT)], outputs: [{ name: 'probabilities', parameters: { classification: 99 } }]
    })
    assert.deepEqual([probabilities?.shape, probabilities?.data?.length], [[1, 10], 10])
  })

  test('all as binary data', async () => {
    const response = await ask(`${MODEL}/infer`, { inputs: [image(CAT)], parameters: { binary_data_output: true } })
    const body = await response.arrayBuffer()
    const values = new Float32Array(body.slice(Number(response.headers.get('inference-header-content-length'))))
    assert.deepEqual([...values], (await classified(server.url, [CAT])).flat())
  })
})

suite('what cannot be answered is refused as a whole', () => {
  const pixels = (over: object): object => ({
    inputs: [{ name: 'pixels', datatype: 'UINT8', shape: [1, SIDE, SIDE, 3], data: Array.from(anyPixels(SIDE)), ...over }]
  })
  const cases: Array<[name: string, status: number, code: string, body: object]> = [
    ['no JSON object', 400, 'malformed_body', []],
    ['no inputs', 400, 'malformed_body', {}],
    ['no input', 400, 'invalid_tensor', { inputs: [] }],
    ['two inputs', 400, 'invalid_tensor', { inputs: [image(CAT), image(CAT)] }],
    ['an unknown input', 400, 'invalid_tensor', pixels({ name: 'x' })],
    ['an unknown output', 400, 'invalid_tensor', { inputs: [image(CAT)], outputs: [{ name: 'x' }] }],
    ['an output twice', 400, 'invalid_tensor', { inputs: [image(CAT)], outputs: [{ name: 'features' }, { name: 'features' }] }],
    ['features as classification', 400, 'invalid_tensor', {
      inputs: [image(CAT)], outputs: [{ name: 'features', parameters: { classification: 1 } }]
    }],
    ['no datatype', 400, 'malformed_body', pixels({ datatype: undefined })],
    ['another datatype', 400, 'invalid_tensor', pixels({ datatype: 'INT64' })],
    ['another shape', 400, 'invalid_tensor', pixels({ shape: [1, 3, SIDE, SIDE] })],
    ['a shape that is not the data\'s', 400, 'invalid_tensor', pixels({ shape: [2, SIDE, SIDE, 3] })],
    ['ragged lists', 400, 'invalid_tensor', pixels({ data: [[1, 2], [3]] })],
    ['data and binary data', 400, 'invalid_tensor', pixels({ parameters: { binary_data_size: 1 } })],
    ['no data', 400, 'invalid_tensor', pixels({ data: undefined })],
    ['data of another kind', 400, 'invalid_tensor', pixels({ data: ['AAAA'] })],
    ['a number beyond a byte', 400, 'invalid_tensor', pixels({ data: Array.from(anyPixels(SIDE)).fill(256, 7, 8) })],
    ['half a number', 400, 'invalid_tensor', pixels({ data: Array.from(anyPixels(SIDE)).fill(0.5, 7, 8) })],
    ['a number beyond a float32', 400, 'invalid_tensor', pixels({ datatype: 'FP32', data: Array.from(anyPixels(SIDE)).fill(1e39, 7, 8) })],
    ['no images', 400, 'no_image', { inputs: [image()] }],
    ['too many images', 413, 'too_many_images', { inputs: [image(CAT, CAT, CAT, CAT, CAT)] }],
    ['too many numbers', 413, 'too_many_images', pixels({ data: new Array(4 * SIDE * SIDE * 3 + 1).fill(0) })],
    ['a large image', 413, 'image_too_large', { inputs: [image(Buffer.alloc(200_001))] }],
    ['an image that is none', 415, 'unsupported_image_format', { inputs: [image(CAT, Buffer.from('no image'))] }],
    ['no base64', 400, 'malformed_body', { inputs: [{ name: 'image', datatype: 'BYTES', shape: [1], data: ['§'] }] }]
  ]
  for (const [name, status, code, body] of cases) {
    test(name, async () => { assert.deepEqual(await refused(await ask(`${MODEL}/infer`, body)), [status, code]) })
  }

  test('the error of one image of many says which', async () => {
    const response = await ask(`${MODEL}/infer`, { inputs: [image(CAT, Buffer.from('no image'))] })
    assert.match(((await response.json()) as Refusal).error, /^Image 1: /)
  })

  test('binary data that does not fit', async () => {
    const input = (bytes: number): object => ({
      inputs: [{ name: 'pixels', datatype: 'UINT8', shape: [1, SIDE, SIDE, 3], parameters: { binary_data_size: bytes } }]
    })
    const length = SIDE * SIDE * 3
    for (const [said, sent] of [[length - 1, length - 1], [length, length - 1], [length, length + 1]] as const) {
      const { body, headers } = binary(input(said), new Uint8Array(sent))
      assert.deepEqual(await refused(await ask(`${MODEL}/infer`, body, headers)), [400, 'invalid_tensor'])
    }
    const files = { inputs: [{ name: 'image', datatype: 'BYTES', shape: [1], parameters: { binary_data_size: 8 } }] }
    for (const bytes of [[9, 0, 0, 0, 1, 2, 3, 4], [2, 0, 0, 0, 1, 2, 3, 4]]) {
      const { body, headers } = binary(files, Uint8Array.from(bytes))
      assert.deepEqual(await refused(await ask(`${MODEL}/infer`, body, headers)), [400, 'invalid_tensor'])
    }
  })

  test('a wrong length of the JSON', async () => {
    const { body } = binary({ inputs: [] })
    for (const [length, code] of [['x', 'invalid_header'], ['5', 'malformed_body'], ['9999', 'malformed_body']] as const) {
      assert.deepEqual(await refused(await ask(`${MODEL}/infer`, body, { 'inference-header-content-length': length })), [400, code])
    }
  })

  test('compressed bodies that are broken, of another kind, or large inside', async () => {
    const bomb = new Uint8Array(gzipSync(Buffer.alloc(MAX_REQUEST_BYTES + 1, ' ')))
    for (const [encoding, body, ...expected] of [
      ['gzip', new Uint8Array(20), 400, 'malformed_body'],
      ['gzip', bomb.subarray(0, bomb.length / 2), 400, 'malformed_body'],
      ['compress', new Uint8Array(20), 415, 'unsupported_content_encoding'],
      ['gzip', bomb, 413, 'request_too_large']
    ] as const) {
      assert.deepEqual(await refused(await ask(`${MODEL}/infer`, body, { 'content-encoding': encoding })), expected)
    }
  })
})

test('no request warned of anything', () => {
  assert.deepEqual(warnings, [])
})
