import assert from 'node:assert/strict'
import { existsSync, rmSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, test, type TestContext } from 'node:test'
import sharp from 'sharp'
import { untilMetric } from '../support/series.js'
import { childrenOf, MISBEHAVING_SERVER, startServer, suiteServer, type RunningServer } from '../support/server.js'
import { until } from '../support/until.js'

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
  const server = await startServer(t, env, MISBEHAVING_SERVER)
  return server
}

const codeOf = async (response: Response): Promise<string> => (await response.json() as { code: string }).code

/** Outcomes of the images of a reply with several. */
async function outcomes (response: Response): Promise<string[]> {
  const { results } = await response.json() as { results: ReadonlyArray<{ error?: { code: string } }> }
  return results.map(({ error }) => error?.code ?? 'ok')
}

async function untilServed (server: RunningServer): Promise<void> {
  await until('a worker', async () => {
    const { status } = await send(server, 0)
    assert.ok(status === 200 || status === 503, `${status}: while the worker is replaced, requests are refused`)
    return status === 200
  })
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
const FATAL = 60
/** As docs/operations.md says. */
const ENGINE_LOST = 70

suite('images that break the worker', () => {
  const server = suiteServer({}, MISBEHAVING_SERVER)

  test('what breaks it twice gets an error, the next ones succeed, and the log says why', async () => {
    for (const [code, name] of [[1, 'throws'], [8, 'crashes']] as const) {
      const failed = await send(server, code)
      assert.deepEqual([failed.status, await codeOf(failed)], [500, 'inference_failed'], name)
      await untilServed(server)
    }
    assert.match(await (await fetch(`${server.url}/metrics`)).text(), /xception_worker_restarts_total 4\n/)
    const restarts = (): LogLine[] => lines(server, 'a worker failed and is replaced')
    await until('four lines of the log', () => restarts().length >= 4)
    assert.deepEqual(restarts().map(({ level }) => level), [ERROR, ERROR, ERROR, ERROR])
    const reasons = [/as ordered/, /as ordered/, /ended by SIGSEGV/, /ended by SIGSEGV/]
    for (const [index, reason] of reasons.entries()) assert.match(restarts()[index]?.err?.message ?? '', reason)
  })

  test('one costs its neighbours nothing but time', async () => {
    assert.deepEqual(await outcomes(await send(server, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0)), ['ok', 'inference_failed', ...Array(8).fill('ok')])
    await untilServed(server)
  })

  test('one that failed inside a reply of 200 leaves a line with its request, its place and the reason', async () => {
    const response = await send(server, 0, 1)
    assert.equal(response.status, 200)
    assert.deepEqual(await outcomes(response), ['ok', 'inference_failed'])
    const ofRequest = (): LogLine[] => (
      lines(server, 'an image failed').filter(({ reqId }) => reqId === response.headers.get('x-request-id'))
    )
    await until('the line of the log', () => ofRequest().length > 0)
    const [line, ...others] = ofRequest()
    assert.deepEqual(others, [])
    assert.deepEqual([line?.level, line?.image], [ERROR, 1])
    assert.match(line?.err?.message ?? '', /as ordered/)
  })
})

test('a worker that hangs in a native call is killed and replaced: its images fail alone, and the server stays', async (t) => {
  const server = await misbehaving(t, { INFERENCE_TIMEOUT_MS: '1000' })
  assert.deepEqual(await outcomes(await send(server, 0, 3, 0)), ['ok', 'inference_failed', 'ok'])
  assert.match(await (await fetch(`${server.url}/metrics`)).text(), /xception_worker_restarts_total 2\n/)
  assert.equal(await server.stop(), 0)
  const restarts = lines(server, 'a worker failed and is replaced')
  for (const { err } of restarts) assert.match(err?.message ?? '', /did not answer within 1000 ms: it hangs/)
})

/** Resolves when the server has accepted one image. */
async function untilAccepted (server: RunningServer): Promise<void> {
  await untilMetric(server, 'xception_images_in_flight', 1)
}

test('SIGTERM ends a process whose worker hangs, once the grace is over', async (t) => {
  const server = await misbehaving(t, { SHUTDOWN_GRACE_MS: '200' })
  const request = send(server, 3).catch(() => {})
  await untilAccepted(server)
  assert.equal(await server.stop(), 1)
  await request
})

const withoutProc = process.platform === 'linux' ? false : 'needs /proc'

/** Resolves when there is no such process, or only what is left of it until its parent asks. */
async function untilGone (pid: number): Promise<void> {
  await until(`the end of process ${pid}`, async () => {
    const state = await readFile(`/proc/${pid}/stat`, 'utf8').then((stat) => /\) (.)/.exec(stat)?.[1], () => undefined)
    return state === undefined || state === 'Z'
  })
}

test('a server that is killed leaves no process behind, not even one that hangs', { skip: withoutProc }, async (t) => {
  const server = await misbehaving(t)
  const workers = await childrenOf(server.pid)
  assert.equal(workers.length, 1)
  const request = send(server, 3).catch(() => {})
  await untilAccepted(server)
  await server.stop('SIGKILL')
  for (const worker of workers) await untilGone(worker)
  await request
})

test('a signal to the whole group is the server\'s, which answers what it accepted first', { skip: withoutProc }, async (t) => {
  const server = await startServer(t, { BATCH_DELAY_MS: '500' }, MISBEHAVING_SERVER)
  const workers = await childrenOf(server.pid)
  const accepted = send(server, 0)
  await untilAccepted(server)
  server.interrupt()
  assert.equal((await accepted).status, 200)
  assert.equal(await server.exit, 0)
  assert.deepEqual(lines(server, 'a worker failed and is replaced'), [])
  for (const worker of workers) await untilGone(worker)
})

test('a worker that cannot be brought up again: each try is logged, then the process ends with the same code', async (t) => {
  const server = await misbehaving(t)
  const refusal = join(tmpdir(), `xception-no-worker-${server.pid}`)
  t.after(() => { rmSync(refusal, { force: true }) })
  const failed = await send(server, 4)
  assert.equal(failed.status, 503)
  assert.ok(existsSync(refusal))
  assert.equal(await server.exit, ENGINE_LOST)
  assert.equal(lines(server, 'a worker could not be replaced, and is tried again').length, 4)
  const [line] = lines(server, 'the engine is lost, and the process ends')
  assert.equal(line?.level, FATAL)
  assert.match(line?.err?.message ?? '', /brought up again in 5 tries: no such model/)
})

test('a start that fails for a defect is logged with its stack, one that the operator can mend without', async (t) => {
  await assert.rejects(startServer(t, { FAIL_TO_LOAD: '1' }, MISBEHAVING_SERVER), (error: Error) => {
    assert.match(error.message, /"stack":"TypeError: a defect of the worker\\n +at (?:Module\.)?load /)
    assert.match(error.message, /"msg":"the start failed: a defect of the worker"/)
    return true
  })
  await assert.rejects(startServer(t, { KILLED_AT_LOAD: '1' }, MISBEHAVING_SERVER), (error: Error) => {
    assert.match(error.message, /"msg":"The engine cannot start, since the worker's process was ended by SIGKILL \(as when memory/)
    assert.ok(!error.message.includes('"stack"'), error.message)
    return true
  })
})
