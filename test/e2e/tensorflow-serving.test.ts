import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { CAT } from '../support/cat.js'
import { suiteApp } from '../support/app.js'
import { anyPixels, classified, nested, pngOf, rescaled } from '../support/tensors.js'

const SIDE = 32
const SHAPE = [SIDE, SIDE, 3]
const MODEL = '/v1/models/xception-cifar10'

const server = suiteApp({ MAX_IMAGES_PER_REQUEST: '4', MAX_IMAGE_BYTES: '200000' })

async function predict (body: object | string, model = MODEL): Promise<Response> {
  return await fetch(`${server.url}${model}:predict`, { method: 'POST', body: typeof body === 'string' ? body : JSON.stringify(body) })
}

async function answer (body: object): Promise<{ predictions?: number[][], outputs?: number[][] }> {
  const response = await predict(body)
  assert.equal(response.status, 200, await response.clone().text())
  return await response.json() as { predictions?: number[][], outputs?: number[][] }
}

async function refused (response: Response): Promise<[status: number, code: string]> {
  const { error, code } = await response.json() as { error: string, code: string }
  assert.equal(typeof error, 'string')
  assert.match(response.headers.get('content-type') ?? '', /^application\/json/)
  return [response.status, code]
}

const cat = { b64: CAT.toString('base64') }

test('the status and metadata of the model', async () => {
  for (const path of [MODEL, `${MODEL}/versions/1`]) {
    assert.deepEqual(await (await fetch(`${server.url}${path}`)).json(), {
      model_version_status: [{ version: '1', state: 'AVAILABLE', status: { error_code: 'OK', error_message: '' } }]
    })
  }
  const { model_spec: spec, metadata } = await (await fetch(`${server.url}${MODEL}/metadata`)).json() as {
    model_spec: object
    metadata: { signature_def: { signature_def: Record<string, { inputs: Record<string, object>, outputs: object, method_name: string }> } }
  }
  assert.deepEqual(spec, { name: 'xception-cifar10', signature_name: '', version: '1' })
  const { serving_default: signature, rescaled } = metadata.signature_def.signature_def
  const info = (name: string, dtype: string, ...sizes: string[]): object => ({
    dtype, tensor_shape: { dim: sizes.map((size) => ({ size, name: '' })), unknown_rank: false }, name
  })
  assert.deepEqual(signature, {
    inputs: { image: info('image', 'DT_STRING', '-1'), pixels: info('pixels', 'DT_UINT8', '-1', '32', '32', '3') },
    outputs: { probabilities: info('probabilities', 'DT_FLOAT', '-1', '10') },
    method_name: 'tensorflow/serving/predict'
  })
  assert.deepEqual(rescaled?.inputs.pixels, info('pixels', 'DT_FLOAT', '-1', '32', '32', '3'))
})

suite('predictions are those of POST /classify', () => {
  test('members that are null are none', async () => {
    const nulls = { signature_name: null, inputs: null }
    assert.deepEqual(await answer({ ...nulls, instances: [cat] }), { predictions: await classified(server.url, [CAT]) })
  })

  test('image files, in rows and columns, named and not', async () => {
    const expected = await classified(server.url, [CAT])
    const both = [...expected, ...expected]
    assert.deepEqual(await answer({ instances: [cat, cat] }), { predictions: both })
    assert.deepEqual(await answer({ instances: [{ image: cat }, { image: cat }] }), { predictions: both })
    assert.deepEqual(await answer({ inputs: [cat, cat] }), { outputs: both })
    assert.deepEqual(await answer({ inputs: { image: [cat] }, signature_name: 'serving_default' }), { outputs: expected })
    const versioned = await predict({ instances: [cat] }, `${MODEL}/versions/1`)
    assert.deepEqual(await versioned.json(), { predictions: expected })
  })

  test('pixels from 0 to 255, and rescaled', async () => {
    const pictures = [anyPixels(SIDE), anyPixels(SIDE, 3)]
    const expected = (await classified(server.url, await Promise.all(pictures.map((pixels) => pngOf(pixels, SIDE))))).flat()
    const close = (lists: number[][] | undefined): void => {
      const values = lists?.flat() ?? []
      assert.equal(values.length, expected.length)
      expected.forEach((value, index) => { assert.ok(Math.abs(value - (values[index] ?? NaN)) < 1e-6) })
    }
    const pixels = pictures.map((picture) => nested(picture, SHAPE))
    close((await answer({ instances: pixels })).predictions)
    close((await answer({ instances: pixels.map((picture) => ({ pixels: picture })) })).predictions)
    close((await answer({ inputs: pixels })).outputs)
    close((await answer({ inputs: { pixels } })).outputs)
    const values = pictures.map((picture) => nested(rescaled(picture), SHAPE))
    close((await answer({ signature_name: 'rescaled', instances: values })).predictions)
    close((await answer({ inputs: { pixels: values }, signature_name: 'rescaled' })).outputs)
  })

  test('a compressed body', async () => {
    const body = new Uint8Array(gzipSync(JSON.stringify({ instances: [cat] })))
    const response = await fetch(`${server.url}${MODEL}:predict`, { method: 'POST', body, headers: { 'content-encoding': 'gzip' } })
    assert.deepEqual(await response.json(), { predictions: await classified(server.url, [CAT]) })
  })
})

suite('what cannot be answered is refused as a whole', () => {
  const black = nested(new Uint8Array(SIDE * SIDE * 3), SHAPE)
  const cases: Array<[name: string, status: number, code: string, body: object | string]> = [
    ['no JSON', 400, 'malformed_body', ''],
    ['a list', 400, 'malformed_body', []],
    ['nothing to predict', 400, 'malformed_body', {}],
    ['rows and columns', 400, 'malformed_body', { instances: [cat], inputs: [cat] }],
    ['no list', 400, 'malformed_body', { instances: cat }],
    ['a signature that is no text', 400, 'malformed_body', { signature_name: 1, instances: [cat] }],
    ['another signature', 400, 'invalid_tensor', { signature_name: 'other', instances: [cat] }],
    ['another input', 400, 'malformed_body', { instances: [{ input_1: cat }] }],
    ['two inputs', 400, 'malformed_body', { instances: [{ image: cat, pixels: black }] }],
    ['an empty object', 400, 'malformed_body', { instances: [{}] }],
    ['more than base64', 400, 'malformed_body', { instances: [{ b64: '', more: 1 }] }],
    ['a file as pixels', 400, 'invalid_tensor', { instances: [{ pixels: cat }] }],
    ['pixels as a file', 400, 'invalid_tensor', { instances: [{ image: black }] }],
    ['another shape', 400, 'invalid_tensor', { instances: [[1, 2, 3]] }],
    ['a number', 400, 'invalid_tensor', { instances: [1] }],
    ['a number beyond a byte', 400, 'invalid_tensor', { instances: [nested(new Array(SIDE * SIDE * 3).fill(256), SHAPE)] }],
    ['rescaled numbers without their signature', 400, 'invalid_tensor', { instances: [nested(rescaled(anyPixels(SIDE)), SHAPE)] }],
    ['nothing', 400, 'no_image', { instances: [] }],
    ['too many images', 413, 'too_many_images', { instances: [cat, cat, cat, cat, cat] }],
    ['a large image', 413, 'image_too_large', { instances: [{ b64: Buffer.alloc(200_001).toString('base64') }] }],
    ['an image that is none', 415, 'unsupported_image_format', { instances: [cat, { b64: 'AAAA' }] }]
  ]
  for (const [name, status, code, body] of cases) {
    test(name, async () => { assert.deepEqual(await refused(await predict(body)), [status, code]) })
  }

  test('one picture that is in no list is told so, however long it is', async () => {
    const sentence = async (body: object): Promise<string> => {
      const response = await predict(body)
      assert.equal(response.status, 400)
      return (await response.json() as { error: string }).error
    }
    const [short, long] = ['AAAA', CAT.toString('base64')]
    const forms: Array<(image: string) => object> = [
      (b64) => ({ instances: b64 }), (b64) => ({ instances: { b64 } }), (b64) => ({ instances: { image: { b64 } } }),
      (b64) => ({ inputs: b64 }), (b64) => ({ inputs: { image: b64 } }), (b64) => ({ inputs: { b64 } }),
      (b64) => ({ inputs: { image: { b64 } } })
    ]
    for (const form of forms) {
      const expected = await sentence(form(short))
      assert.match(expected, /no list of images|the inputs are "image" and "pixels"/)
      assert.equal(await sentence(form(long)), expected)
    }
    assert.equal(await sentence({ instances: black }), await sentence({ instances: [[[0, 0, 0]]] }))
  })

  test('who sends rescaled numbers without their signature is told its name', async () => {
    const response = await predict({ instances: [nested(rescaled(anyPixels(SIDE)), SHAPE)] })
    assert.match((await response.json() as { error: string }).error, /are sent with "signature_name": "rescaled"\./)
  })

  test('another model, version or verb, and another method', async () => {
    assert.deepEqual(await refused(await predict({ instances: [cat] }, '/v1/models/other')), [404, 'model_not_found'])
    assert.deepEqual(await refused(await predict({ instances: [cat] }, `${MODEL}/versions/2`)), [404, 'model_not_found'])
    assert.deepEqual(await refused(await fetch(`${server.url}/v1/models/other/metadata`)), [404, 'model_not_found'])
    assert.deepEqual(await refused(await fetch(`${server.url}${MODEL}:regress`, { method: 'POST' })), [404, 'not_found'])
    assert.deepEqual(await refused(await fetch(`${server.url}${MODEL}:predict`)), [405, 'method_not_allowed'])
  })
})
