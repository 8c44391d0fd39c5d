import assert from 'node:assert/strict'
import { suite, test, type TestContext } from 'node:test'
import fastify, { type FastifyInstance } from 'fastify'
import pino from 'pino'
import { errorsPlugin } from '../../src/plugins/errors.js'
import { logLevelRoutes } from '../../src/routes/log-level.js'

interface Logging {
  readonly app: FastifyInstance
  readonly logger: pino.Logger
  readonly lines: string[]
  ask (method: 'GET' | 'PUT' | 'DELETE', body?: string): Promise<{ status: number, reply: Record<string, unknown> }>
}

async function logging (t: TestContext, level: string): Promise<Logging> {
  const lines: string[] = []
  const logger = pino({ level }, { write: (line: string) => { lines.push(line) } })
  const app = fastify()
  t.after(() => app.close())
  app.removeAllContentTypeParsers()
  await app.register(errorsPlugin)
  await app.register(logLevelRoutes, { logger })
  const ask: Logging['ask'] = async (method, body) => {
    const headers = body === undefined ? {} : { 'content-type': 'application/json' }
    const response = await app.inject({ method, url: '/admin/log-level', headers, ...body === undefined ? {} : { body } })
    return { status: response.statusCode, reply: response.json() }
  }
  return { app, logger, lines, ask }
}

test('the level is shown, changed and set back, and each change has a line', async (t) => {
  const { logger, lines, ask } = await logging(t, 'warn')
  assert.deepEqual(await ask('GET'), { status: 200, reply: { level: 'warn', configured: 'warn' } })
  assert.deepEqual((await ask('PUT', '{"level":"debug"}')).reply, { level: 'debug', configured: 'warn' })
  logger.child({}).debug('seen')
  assert.deepEqual((await ask('PUT', '{"level":"silent"}')).reply, { level: 'silent', configured: 'warn' })
  logger.child({}).fatal('not seen')
  assert.deepEqual((await ask('DELETE')).reply, { level: 'warn', configured: 'warn' })
  const told = lines.map((line) => JSON.parse(line) as { from?: string, to?: string, msg: string })
  const changes = told.map(({ from, to, msg }) => from === undefined ? msg : `${from} to ${to}`)
  assert.deepEqual(changes, ['warn to debug', 'seen', 'debug to silent'])
})

suite('what is no level is refused', () => {
  for (const [body, detail] of [
    [undefined, /is no JSON/],
    ['debug', /is no JSON/],
    ['{}', /level/],
    ['"debug"', /must be/],
    ['{"level":"loud"}', /level must be fatal or error or warn or info or debug or trace or silent/],
    ['{"level":20}', /level must be/],
    [`{"level":"${'a'.repeat(2000)}"}`, /too large/]
  ] as const) {
    test(String(body).slice(0, 30), async (t) => {
      const { logger, ask } = await logging(t, 'info')
      const { status, reply } = await ask('PUT', body)
      assert.deepEqual([status, reply.code, logger.level], [400, 'malformed_body', 'info'])
      assert.match(String(reply.detail), detail)
    })
  }
})
