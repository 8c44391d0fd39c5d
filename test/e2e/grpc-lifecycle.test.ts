import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { status } from '@grpc/grpc-js'
import { startApp, type App } from '../support/app.js'
import { CAT } from '../support/cat.js'
import { GrpcClient, refusal, type Message } from '../support/grpc.js'
import { untilMetric } from '../support/series.js'
import { CAT_SERVER, startServer } from '../support/server.js'
import { tempFolder } from '../support/temp-folder.js'
import { until } from '../support/until.js'

const MODEL = 'xception-cifar10'
const REQUEST: Message = {
  modelName: MODEL, inputs: [{ name: 'image', datatype: 'BYTES', shape: [1], contents: { bytesContents: [CAT] } }]
}

/** The service of a test, and a client of its gRPC. */
async function startGrpc (t: TestContext, env: Record<string, string>): Promise<{ client: GrpcClient, server: App }> {
  const server = await startApp(t, { GRPC_PORT: '0', ...env })
  return { client: clientOf(t, server), server }
}

function clientOf (t: TestContext, server: Pick<App, 'log'>): GrpcClient {
  const client = new GrpcClient(server)
  t.after(() => { client.close() })
  return client
}

const CANCELLED = 'xception_requests_total{route="grpc ModelInfer",outcome="client_closed_request",status="499"}'

test('a call that waits leaves the queue when it is cancelled, or when its deadline passes', async (t) => {
  const { client, server } = await startGrpc(t, { BATCH_DELAY_MS: '60000', REQUEST_TIMEOUT_MS: '120000' })
  const call = client.start('ModelInfer', REQUEST)
  const cancelled = refusal(call.answer)
  await untilMetric(server, 'xception_queue_length', 1)
  call.cancel()
  await untilMetric(server, 'xception_queue_length', 0)
  assert.equal((await cancelled).code, status.CANCELLED)
  await untilMetric(server, CANCELLED, 1)

  const late = refusal(client.call('ModelInfer', REQUEST, { withinMs: 3000 }))
  await untilMetric(server, 'xception_queue_length', 1)
  assert.equal((await late).code, status.DEADLINE_EXCEEDED)
  await untilMetric(server, 'xception_queue_length', 0)
  await untilMetric(server, 'xception_bytes_in_flight', 0)
  await untilMetric(server, 'xception_requests_in_flight{route="grpc ModelInfer"}', 0)
})

test('a call that waits longer than the service would is ended by the service', async (t) => {
  const { client } = await startGrpc(t, { BATCH_DELAY_MS: '60000', REQUEST_TIMEOUT_MS: '1000' })
  const { code, errorCode } = await refusal(client.call('ModelInfer', REQUEST))
  assert.deepEqual([code, errorCode], [status.DEADLINE_EXCEEDED, 'deadline_exceeded'])
})

test('on SIGTERM the service is not ready, answers what it has, and ends', async (t) => {
  const server = await startServer(t, { GRPC_PORT: '0', BATCH_DELAY_MS: '3000', DRAIN_DELAY_MS: '1000' }, CAT_SERVER)
  const client = clientOf(t, server)
  const call = client.call('ModelInfer', REQUEST)
  await untilMetric(server, 'xception_queue_length', 1)
  const exit = server.stop()
  await until('a service that is not ready', async () => (await client.call('ServerReady')).ready === false)
  assert.equal((await call).modelName, MODEL)
  assert.equal(await exit, 0)
})

test('keys are asked for, except for health', async (t) => {
  const folder = tempFolder(t)
  const keys = join(folder, 'keys')
  writeFileSync(keys, `anna ${createHash('sha256').update('secret').digest('hex')}\n`)
  const { client, server } = await startGrpc(t, { API_KEYS_FILE: keys })
  assert.deepEqual(await client.call('ModelReady', { name: MODEL }), { ready: true })
  for (const headers of [{}, { 'x-api-key': 'wrong' }]) {
    const { code, errorCode } = await refusal(client.call('ModelInfer', REQUEST, { headers }))
    assert.deepEqual([code, errorCode], [status.UNAUTHENTICATED, 'unauthorized'])
  }
  for (const headers of [{ authorization: 'Bearer secret' }, { 'x-api-key': 'secret' }]) {
    assert.equal((await client.call('ModelInfer', REQUEST, { headers })).modelName, MODEL)
  }
  const isTold = (line: string): boolean => line.includes('"keyName":"anna"') && line.includes('grpc ModelInfer')
  await until('the name of the key in the log', () => server.log.some(isTold))
})

test('a client\'s calls count with its HTTP requests', async (t) => {
  const { client, server: { url } } = await startGrpc(t, { RATE_LIMIT: '2' })
  assert.equal((await fetch(`${url}/v2`)).status, 200)
  assert.equal((await client.call('ServerMetadata')).name, 'xception-serve')
  const { code, errorCode, pushbackMs } = await refusal(client.call('ServerMetadata'))
  assert.deepEqual([code, errorCode], [status.RESOURCE_EXHAUSTED, 'rate_limited'])
  assert.ok(Number(pushbackMs) > 0)
  assert.equal((await fetch(`${url}/v2`)).status, 429)
  assert.deepEqual(await client.call('ServerReady'), { ready: true })
})

test('a port that is taken ends the start in one sentence', async (t) => {
  const other = createServer().listen(0, '127.0.0.1')
  t.after(() => { other.close() })
  await once(other, 'listening')
  const { port } = other.address() as AddressInfo
  await assert.rejects(
    startServer(t, { GRPC_PORT: String(port) }),
    new RegExp(`HOST=127.0.0.1 and GRPC_PORT=${port} cannot be listened on \\(EADDRINUSE\\): choose others`)
  )
})
