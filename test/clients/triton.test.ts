import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { CAT, CAT_PATH } from '../support/cat.js'
import { grpcAddress } from '../support/grpc.js'
import { runClient, withoutModules } from '../support/python-client.js'
import { servingApp, type App } from '../support/app.js'
import { classified } from '../support/tensors.js'

type Refusal = readonly [status: string, message: string]

interface Seen {
  readonly ready: readonly boolean[]
  readonly server: string
  readonly inputs: readonly string[]
  readonly image: number[][]
  /** With nothing said of outputs; over HTTP alone. */
  readonly image_by_default?: number[][]
  readonly image_compressed: number[][][]
  /** As bytes and as values, over HTTP both in all forms of request and reply. */
  readonly pixels: number[][][]
  readonly id: string
  readonly labels: readonly string[]
  readonly shapes: readonly number[][]
  readonly unknown_model: Refusal
  readonly wrong_shape: Refusal
  readonly no_config: Refusal
}

interface Client {
  readonly protocol: string
  /** In this folder, without `.py`. */
  readonly program: string
  readonly module: string
  readonly settings: Record<string, string>
  readonly addressOf: (server: App) => string
  /** Errors of a model that is not there, of a wrong shape, and of what there is not. */
  readonly statuses: readonly string[]
  /** In which pixels are sent and probabilities read. */
  readonly forms: number
}

const CLIENTS: readonly Client[] = [{
  protocol: 'HTTP',
  program: 'triton',
  module: 'tritonclient.http',
  settings: {},
  addressOf: ({ url }) => url,
  statuses: ['404', '400', '404'],
  forms: 8
}, {
  protocol: 'gRPC',
  program: 'triton_grpc',
  module: 'tritonclient.grpc',
  settings: { GRPC_PORT: '0' },
  addressOf: grpcAddress,
  statuses: ['StatusCode.NOT_FOUND', 'StatusCode.INVALID_ARGUMENT', 'StatusCode.UNIMPLEMENTED'],
  forms: 2
}]

for (const { protocol, program, module, settings, addressOf, statuses, forms } of CLIENTS) {
  test(`Triton's own ${protocol} client works as it is`, { skip: withoutModules('numpy', module) }, async () => {
    await servingApp(settings, async (server) => {
      const seen = await runClient(program, addressOf(server), CAT_PATH) as Seen
      assert.deepEqual(seen.ready, [true, true, true, false])
      assert.equal(seen.server, 'xception-serve')
      assert.deepEqual(seen.inputs, ['image', 'pixels'])
      const expected = await classified(server.url, [CAT])
      for (const found of [seen.image, seen.image_by_default ?? expected, ...seen.image_compressed]) assert.deepEqual(found, expected)
      const [first = [], ...others] = seen.pixels
      assert.deepEqual([first.length, first[0]?.length, seen.pixels.length], [2, 10, forms])
      for (const other of others) {
        other.flat().forEach((value, index) => { assert.ok(Math.abs(value - (first.flat()[index] ?? NaN)) < 1e-6) })
      }
      assert.equal(seen.id, 'mine')
      assert.match(seen.labels[0] ?? '', /^0\.91\d*:3:cat$/)
      assert.deepEqual(seen.shapes, [[1, 512], [1, 4, 4, 512]])
      const refusals = [seen.unknown_model, seen.wrong_shape, seen.no_config]
      assert.deepEqual(refusals.map(([status]) => status), statuses)
      assert.match(seen.unknown_model[1], /"other"/)
      assert.match(seen.wrong_shape[1], /\[N, 32, 32, 3\]/)
    })
  })
}

suite('Triton\'s own gRPC client', { skip: withoutModules('numpy', 'tritonclient.grpc') }, () => {
  test('leaves the queue with a call that it cancels', async () => {
    await servingApp({ GRPC_PORT: '0', BATCH_DELAY_MS: '60000', REQUEST_TIMEOUT_MS: '120000' }, async (server) => {
      const seen = await runClient('triton_grpc', grpcAddress(server), CAT_PATH, `${server.url}/metrics`)
      assert.deepEqual(seen, { waiting: 1, left: 0, status: 'StatusCode.CANCELLED' })
    })
  })
})
