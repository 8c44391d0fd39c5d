import assert from 'node:assert/strict'
import { status } from '@grpc/grpc-js'
import { after, before, suite, test } from 'node:test'
import { readMetrics } from '../../verify/harness/metrics.js'
import { CAT } from '../support/cat.js'
import { Counted } from '../support/counting.js'
import { GrpcClient, refusal, type Message } from '../support/grpc.js'
import { suiteApp } from '../support/app.js'
import { anyPixels, classified, pngOf, rescaled } from '../support/tensors.js'

const SIDE = 32
const MODEL = 'xception-cifar10'
const MAX_REQUEST_BYTES = 2_000_000

interface Output { readonly name: string, readonly datatype: string, readonly shape: number[], readonly contents: Contents | null }
interface Contents { readonly fp32Contents: number[], readonly bytesContents: Buffer[] }
interface InferReply {
  readonly id: string
  readonly modelVersion: string
  readonly outputs: Output[]
  readonly rawOutputContents: Buffer[]
}

const limits = { MAX_IMAGES_PER_REQUEST: '4', MAX_IMAGE_BYTES: '200000', MAX_REQUEST_BYTES: String(MAX_REQUEST_BYTES) }
const server = suiteApp({ GRPC_PORT: '0', ...limits }, 'real')
let client: GrpcClient
before(async () => {
  await server.ready
  client = new GrpcClient(server)
})
after(() => { client.close() })

async function infer (request: Message): Promise<InferReply> {
  return await client.call('ModelInfer', { modelName: MODEL, ...request }) as unknown as InferReply
}

async function refused (request: Message | Uint8Array): Promise<[status: number, code: unknown]> {
  const asked = request instanceof Uint8Array ? request : { modelName: MODEL, ...request }
  const { code, errorCode, details } = await refusal(client.call('ModelInfer', asked))
  assert.ok(details.startsWith(`${String(errorCode)}: `), details)
  return [code, errorCode]
}

const typed = (name: string, datatype: string, shape: number[], contents: Message = {}): Message => ({ name, datatype, shape, contents })
const raw = (name: string, datatype: string, shape: number[]): Message => ({ name, datatype, shape })
const floats = (...values: number[]): Message => typed('pixels', 'FP32', [1, SIDE, SIDE, 3], { fp32Contents: values })
const bytes = (...values: number[]): Message => typed('pixels', 'UINT8', [1, SIDE, SIDE, 3], { uintContents: values })
const image = (...files: Uint8Array[]): Message => typed('image', 'BYTES', [files.length], { bytesContents: files })

function withLength (file: Uint8Array): Buffer {
  const length = Buffer.alloc(4)
  length.writeUInt32LE(file.length)
  return Buffer.concat([length, file])
}

/** The only output of a reply, an array an image. */
function probabilitiesOf ({ outputs, rawOutputContents }: InferReply): number[][] {
  assert.deepEqual(outputs.map(({ name, datatype }) => [name, datatype]), [['probabilities', 'FP32']])
  const [images = 0, classes = 0] = outputs[0]?.shape ?? []
  const [found] = rawOutputContents
  const values = found === undefined ? outputs[0]?.contents?.fp32Contents ?? [] : [...new Float32Array(Uint8Array.from(found).buffer)]
  assert.equal(values.length, images * classes)
  return Array.from({ length: images }, (_, index) => values.slice(index * classes, (index + 1) * classes))
}

function assertClose (found: number[][], expected: number[][]): void {
  assert.equal(found.length, expected.length)
  found.flat().forEach((value, index) => { assert.ok(Math.abs(value - (expected.flat()[index] ?? NaN)) < 1e-6) })
}

suite('what the service is and has', () => {
  test('it is alive and ready, and so is its model and no other', async () => {
    assert.deepEqual(await client.call('ServerLive'), { live: true })
    assert.deepEqual(await client.call('ServerReady'), { ready: true })
    assert.deepEqual(await client.call('ModelReady', { name: MODEL }), { ready: true })
    assert.deepEqual(await client.call('ModelReady', { name: MODEL, version: '1' }), { ready: true })
    assert.deepEqual(await client.call('ModelReady', { name: MODEL, version: '2' }), { ready: false })
    assert.deepEqual(await client.call('ModelReady', { name: 'other' }), { ready: false })
  })

  test('its metadata are those of REST', async () => {
    const rest = async (path: string): Promise<unknown> => await (await fetch(`${server.url}${path}`)).json()
    assert.deepEqual(await client.call('ServerMetadata'), await rest('/v2'))
    assert.deepEqual(await client.call('ModelMetadata', { name: MODEL }), await rest(`/v2/models/${MODEL}`))
    assert.equal((await refusal(client.call('ModelMetadata', { name: 'other' }))).code, status.NOT_FOUND)
  })
})

suite('inference gives what POST /classify gives', () => {
  test('of files, typed and raw, and the reply is like the request', async () => {
    const expected = await classified(server.url, [CAT, CAT])
    const typedReply = await infer({ id: 'mine', inputs: [image(CAT, CAT)] })
    assert.deepEqual(probabilitiesOf(typedReply), expected)
    assert.deepEqual([typedReply.id, typedReply.modelVersion, typedReply.rawOutputContents.length], ['mine', '1', 0])
    const files = Buffer.concat([CAT, CAT].map(withLength))
    const rawReply = await infer({ inputs: [raw('image', 'BYTES', [2, 1])], rawInputContents: [files] })
    assert.deepEqual(probabilitiesOf(rawReply), expected)
    assert.equal(rawReply.rawOutputContents.length, 1)
  })

  test('of pixels, typed and raw, as bytes and as float32', async () => {
    const pixels = [anyPixels(SIDE, 1), anyPixels(SIDE, 2)]
    const expected = await classified(server.url, await Promise.all(pixels.map(async (one) => await pngOf(one, SIDE))))
    const all = Buffer.concat(pixels)
    const values = rescaled(all)
    const shape = [2, SIDE, SIDE, 3]
    for (const request of [
      { inputs: [typed('pixels', 'UINT8', shape, { uintContents: [...all] })] },
      { inputs: [typed('pixels', 'FP32', shape, { fp32Contents: [...values] })] },
      { inputs: [raw('pixels', 'UINT8', shape)], rawInputContents: [all] },
      { inputs: [raw('pixels', 'FP32', shape)], rawInputContents: [Buffer.from(values.buffer)] }
    ]) assertClose(probabilitiesOf(await infer(request)), expected)
  })

  test('as labels, and with features', async () => {
    const outputs = [{ name: 'probabilities', parameters: { classification: { int64Param: 2 } } }, { name: 'features' }]
    const typedReply = await infer({ inputs: [image(CAT)], outputs })
    const [labels, features] = typedReply.outputs
    assert.deepEqual(labels?.shape, [1, 2])
    assert.match(String(labels?.contents?.bytesContents[0]), /^0\.91\d*:3:cat$/)
    assert.deepEqual([features?.shape, features?.contents?.fp32Contents.length], [[1, 512], 512])
    const rawReply = await infer({ inputs: [raw('image', 'BYTES', [1])], outputs, rawInputContents: [withLength(CAT)] })
    const [rawLabels, rawFeatures] = rawReply.rawOutputContents
    assert.deepEqual(rawLabels, Buffer.concat((labels?.contents?.bytesContents ?? []).map(withLength)))
    assert.equal(rawFeatures?.length, 512 * 4)
  })
})

suite('what is refused has a status and a stable code', () => {
  const length = SIDE * SIDE * 3
  const none = [{ name: 'probabilities', parameters: { classification: {} } }]
  const malformed = [status.INVALID_ARGUMENT, 'malformed_body'] as const
  const invalid = [status.INVALID_ARGUMENT, 'invalid_tensor']
  for (const [name, request, expected] of [
    ['another model', { modelName: 'other', inputs: [image(CAT)] }, [status.NOT_FOUND, 'model_not_found']],
    ['another version', { modelVersion: '2', inputs: [image(CAT)] }, [status.NOT_FOUND, 'model_not_found']],
    ['no input', {}, invalid],
    ['two inputs', { inputs: [image(CAT), image(CAT)] }, invalid],
    ['an unknown output', { inputs: [image(CAT)], outputs: [{ name: 'other' }] }, invalid],
    ['a classification of none', { inputs: [image(CAT)], outputs: none }, invalid],
    ['a size below 0', { inputs: [typed('image', 'BYTES', [-1])] }, invalid],
    ['another shape', { inputs: [typed('pixels', 'UINT8', [1, SIDE, SIDE, 1])] }, invalid],
    ['too few numbers', { inputs: [floats(1)] }, invalid],
    ['too many numbers', { inputs: [bytes(...anyPixels(SIDE), 1)] }, invalid],
    ['numbers of another type', { inputs: [typed('pixels', 'UINT8', [1, SIDE, SIDE, 3], { fp32Contents: [1] })] }, invalid],
    ['a number that is no byte', { inputs: [bytes(...Array<number>(length).fill(256))] }, invalid],
    ['a number that is not finite', { inputs: [floats(...Array<number>(length).fill(NaN))] }, invalid],
    ['too few files', { inputs: [{ ...image(CAT), shape: [2] }] }, invalid],
    ['too many files', { inputs: [{ ...image(CAT, CAT), shape: [1] }] }, invalid],
    ['values in two places', { inputs: [image(CAT)], rawInputContents: [withLength(CAT)] }, invalid],
    ['raw values twice', { inputs: [raw('image', 'BYTES', [1])], rawInputContents: [withLength(CAT), withLength(CAT)] }, invalid],
    ['raw values that end early', { inputs: [raw('image', 'BYTES', [1])], rawInputContents: [withLength(CAT).subarray(0, 99)] }, invalid],
    ['more images than may be', { inputs: [image(CAT, CAT, CAT, CAT, CAT)] }, [status.INVALID_ARGUMENT, 'too_many_images']],
    ['no image', { inputs: [image()] }, [status.INVALID_ARGUMENT, 'no_image']],
    ['a file that is too large', { inputs: [image(new Uint8Array(200_001))] }, [status.INVALID_ARGUMENT, 'image_too_large']],
    ['what is no image', { inputs: [image(Buffer.from('text'))] }, [status.INVALID_ARGUMENT, 'unsupported_image_format']],
    ['what is no message', Buffer.from('not a message'), malformed],
    ['a text that is too long', { id: 'x'.repeat(5000), inputs: [image(CAT)] }, malformed],
    ['a million inputs of two bytes', Buffer.alloc(MAX_REQUEST_BYTES, Buffer.from([5 << 3 | 2, 0])), malformed]
  ] as const) {
    test(name, async () => { assert.deepEqual(await refused(request), expected) })
  }

  test('a message that is too large, by its length alone', async () => {
    await new Counted(server, server.url).gains(async () => {
      const { code } = await refusal(client.call('ModelInfer', Buffer.alloc(MAX_REQUEST_BYTES + 1)))
      assert.equal(code, status.RESOURCE_EXHAUSTED)
    }, { request_too_large: 1 })
  })

  test('an unknown method, whatever its name', async () => {
    await new Counted(server, server.url).gains(async () => {
      for (const method of ['ModelStreamInfer', 'Other']) {
        const { code, errorCode } = await refusal(client.call(method, Buffer.alloc(0)))
        assert.deepEqual([code, errorCode], [status.UNIMPLEMENTED, 'not_found'])
      }
    }, { not_found: 2 })
    assert.equal((await readMetrics(server.url)).get('xception_requests_in_flight{route="grpc unknown"}'), 0)
  })

  test('and nothing is left of it', async () => {
    const metrics = await readMetrics(server.url)
    for (const what of ['queue_length', 'images_in_flight', 'bytes_in_flight']) assert.equal(metrics.get(`xception_${what}`), 0)
    assert.ok((metrics.get('xception_http_request_duration_seconds_count{route="grpc ModelInfer",status="404"}') ?? 0) >= 2)
    assert.ok(server.log.some((line) => line.includes('"route":"grpc ModelInfer","status":200')))
  })
})
