import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { serving } from '../support/answers.js'
import { grpcAddress } from '../support/grpc.js'
import { runClient, withoutModules } from '../support/python-client.js'
import { CAT, classified } from '../support/tensors.js'

const PHOTO = fileURLToPath(new URL('../../../docs/cat.jpg', import.meta.url))

interface Seen {
  readonly ready: readonly boolean[]
  readonly server: string
  readonly inputs: readonly string[]
  readonly image: number[][]
  readonly image_compressed: number[][][]
  readonly pixels: number[][][]
  readonly id: string
  readonly labels: readonly string[]
  readonly shapes: readonly number[][]
  readonly unknown_model: readonly [status: string, message: string]
  readonly wrong_shape: readonly [status: string, message: string]
  readonly no_config: readonly [status: string, message: string]
}

suite('Triton\'s own gRPC client', { skip: withoutModules('numpy', 'tritonclient.grpc') }, () => {
  test('works as it is', async () => {
    await serving({ GRPC_PORT: '0' }, async (server) => {
      const seen = await runClient('triton_grpc', grpcAddress(server), PHOTO) as Seen
      assert.deepEqual(seen.ready, [true, true, true, false])
      assert.equal(seen.server, 'xception-serve')
      assert.deepEqual(seen.inputs, ['image', 'pixels'])
      const expected = await classified(server.url, [CAT])
      for (const found of [seen.image, ...seen.image_compressed]) assert.deepEqual(found, expected)
      const [bytes = [], values = []] = seen.pixels
      assert.deepEqual([bytes.length, bytes[0]?.length], [2, 10])
      values.flat().forEach((value, index) => { assert.ok(Math.abs(value - (bytes.flat()[index] ?? NaN)) < 1e-6) })
      assert.equal(seen.id, 'mine')
      assert.match(seen.labels[0] ?? '', /^0\.91\d*:3:cat$/)
      assert.deepEqual(seen.shapes, [[1, 512], [1, 4, 4, 512]])
      assert.equal(seen.unknown_model[0], 'StatusCode.NOT_FOUND')
      assert.match(seen.unknown_model[1], /^model_not_found: .*"other"/)
      assert.equal(seen.wrong_shape[0], 'StatusCode.INVALID_ARGUMENT')
      assert.match(seen.wrong_shape[1], /\[N, 32, 32, 3\]/)
      assert.equal(seen.no_config[0], 'StatusCode.UNIMPLEMENTED')
    })
  })

  test('a call that it cancels leaves the queue', async () => {
    await serving({ GRPC_PORT: '0', BATCH_DELAY_MS: '60000', REQUEST_TIMEOUT_MS: '120000' }, async (server) => {
      const seen = await runClient('triton_grpc', grpcAddress(server), PHOTO, `${server.url}/metrics`)
      assert.deepEqual(seen, { waiting: 1, left: 0, status: 'StatusCode.CANCELLED' })
    })
  })
})
