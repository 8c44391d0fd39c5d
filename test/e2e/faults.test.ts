import assert from 'node:assert/strict'
import { test } from 'node:test'
import sharp from 'sharp'
import { MISBEHAVING_SERVER, startServer, type RunningServer } from '../support/server.js'

/** A picture that makes the fake worker do what its first byte says. */
async function order (code: number): Promise<Buffer> {
  return await sharp({ create: { width: 32, height: 32, channels: 3, background: { r: code, g: 0, b: 0 } } }).png().toBuffer()
}

async function send ({ url }: RunningServer, ...codes: number[]): Promise<Response> {
  const images = await Promise.all(codes.map(async (code) => (await order(code)).toString('base64')))
  const body = JSON.stringify({ images })
  return await fetch(`${url}/classify`, { method: 'POST', body, headers: { 'content-type': 'application/json' } })
}

const codeOf = async (response: Response): Promise<string> => (await response.json() as { code: string }).code

/** Outcomes of the images of a reply with several. */
async function outcomes (response: Response): Promise<string[]> {
  const { results } = await response.json() as { results: ReadonlyArray<{ error?: { code: string } }> }
  return results.map(({ error }) => error?.code ?? 'ok')
}

async function untilServed (server: RunningServer): Promise<void> {
  for (;;) {
    const { status } = await send(server, 0)
    if (status === 200) return
    assert.equal(status, 503, 'while the worker is replaced, requests are refused')
  }
}

interface LogLine {
  readonly level: number
  readonly msg: string
  readonly reqId?: string
  readonly image?: number
  readonly err?: { readonly message: string }
}

const lines = ({ log }: RunningServer, msg: string): LogLine[] => log.flatMap((line) => {
  const parsed = line.startsWith('{') ? JSON.parse(line) as LogLine : undefined
  return parsed?.msg === msg ? [parsed] : []
})

const ERROR = 50

test('a worker that fails: its images get an error once, the next ones succeed, and the log says why', async () => {
  const server = await startServer({}, MISBEHAVING_SERVER)
  for (const [code, name] of [[1, 'throws'], [2, 'exits']] as const) {
    const failed = await send(server, code)
    assert.deepEqual([failed.status, await codeOf(failed)], [500, 'inference_failed'], name)
    await untilServed(server)
  }
  assert.match(await (await fetch(`${server.url}/metrics`)).text(), /xception_worker_restarts_total 2\n/)
  assert.equal(await server.stop(), 0)
  const restarts = lines(server, 'a worker failed and is replaced')
  assert.deepEqual(restarts.map(({ level }) => level), [ERROR, ERROR])
  assert.match(restarts[0]?.err?.message ?? '', /as ordered/)
  assert.match(restarts[1]?.err?.message ?? '', /exit/)
})

test('an image that failed inside a reply of 200 leaves a line with its request, its place and the reason', async () => {
  const server = await startServer({ MAX_BATCH_SIZE: '1' }, MISBEHAVING_SERVER)
  const response = await send(server, 0, 1)
  assert.equal(response.status, 200)
  assert.deepEqual(await outcomes(response), ['ok', 'inference_failed'])
  assert.equal(await server.stop(), 0)
  const [line, ...others] = lines(server, 'an image failed')
  assert.deepEqual(others, [])
  assert.deepEqual([line?.level, line?.image, line?.reqId], [ERROR, 1, response.headers.get('x-request-id')])
  assert.match(line?.err?.message ?? '', /as ordered/)
})
