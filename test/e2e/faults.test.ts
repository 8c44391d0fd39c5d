import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
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

/** A server with the fake worker, which a test that fails does not leave behind. */
async function misbehaving (t: TestContext, env: Record<string, string> = {}): Promise<RunningServer> {
  const server = await startServer(env, MISBEHAVING_SERVER)
  t.after(() => server.stop('SIGKILL'))
  return server
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

test('an image that breaks the worker twice gets an error, the next ones succeed, and the log says why', async (t) => {
  const server = await misbehaving(t)
  for (const [code, name] of [[1, 'throws'], [2, 'exits']] as const) {
    const failed = await send(server, code)
    assert.deepEqual([failed.status, await codeOf(failed)], [500, 'inference_failed'], name)
    await untilServed(server)
  }
  assert.match(await (await fetch(`${server.url}/metrics`)).text(), /xception_worker_restarts_total 4\n/)
  assert.equal(await server.stop(), 0)
  const restarts = lines(server, 'a worker failed and is replaced')
  assert.deepEqual(restarts.map(({ level }) => level), [ERROR, ERROR, ERROR, ERROR])
  const reasons = [/as ordered/, /as ordered/, /exit/, /exit/]
  for (const [index, reason] of reasons.entries()) assert.match(restarts[index]?.err?.message ?? '', reason)
})

test('one image that breaks the worker costs its neighbours nothing but time', async (t) => {
  const server = await misbehaving(t)
  const replies = await Promise.all([send(server, 0, 2, 0, 0), send(server, 0, 0, 0, 0, 0, 0)])
  const [mixed, good] = await Promise.all(replies.map(outcomes))
  assert.deepEqual(mixed, ['ok', 'inference_failed', 'ok', 'ok'])
  assert.deepEqual(good, Array(6).fill('ok'))
  assert.equal(await server.stop(), 0)
})

test('an image that failed inside a reply of 200 leaves a line with its request, its place and the reason', async (t) => {
  const server = await misbehaving(t)
  const response = await send(server, 0, 1)
  assert.equal(response.status, 200)
  assert.deepEqual(await outcomes(response), ['ok', 'inference_failed'])
  assert.equal(await server.stop(), 0)
  const [line, ...others] = lines(server, 'an image failed')
  assert.deepEqual(others, [])
  assert.deepEqual([line?.level, line?.image, line?.reqId], [ERROR, 1, response.headers.get('x-request-id')])
  assert.match(line?.err?.message ?? '', /as ordered/)
})
